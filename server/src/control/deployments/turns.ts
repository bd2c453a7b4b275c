// One piece of work at a time per app, in the order in which it came: what Restate sees to between its invocations, and this
// process when Restate asks again for what is still being done.

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Does `act` when all that came before for the app has ended, well or not. */
  take<T>(appId: string, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(appId) ?? Promise.resolve();
    const mine = before.then(act, act);
    const settled: Promise<void> = mine.then(
      () => this.#forget(appId, settled),
      () => this.#forget(appId, settled),
    );
    this.#last.set(appId, settled);
    return mine;
  }

  isIdle(appId: string): boolean {
    return !this.#last.has(appId);
  }

  #forget(appId: string, settled: Promise<unknown>): void {
    if (this.#last.get(appId) === settled) this.#last.delete(appId);
  }
}
