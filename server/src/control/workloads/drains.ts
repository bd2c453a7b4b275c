// How long those that serve no more have had to finish what is under way, by this process's own clock: the machine's may be set
// meanwhile. A control that starts gives them all of their time again.

export class Drains {
  readonly #begun = new Map<string, { retiredMs: number; at: number }>();

  /** Milliseconds since this was asked for the first time of a workload that has been retired at that moment. */
  waitedMs({ id, retiredAt }: { id: string; retiredAt: Date }): number {
    const known = this.#begun.get(id);
    // One that served again meanwhile is retired anew.
    if (known?.retiredMs === retiredAt.getTime()) return performance.now() - known.at;
    this.#begun.set(id, { retiredMs: retiredAt.getTime(), at: performance.now() });
    return 0;
  }

  forget(id: string): void {
    this.#begun.delete(id);
  }
}
