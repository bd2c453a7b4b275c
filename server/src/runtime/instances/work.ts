// Whether a program works, from how much processor time it has used at two moments.

export class Work {
  readonly #busyPercent: number;
  #cpuMs = 0;
  #at = Number.NEGATIVE_INFINITY;

  constructor(busyPercent: number) {
    this.#busyPercent = busyPercent;
  }

  /** Whether it has used more than its share of a core since this was asked last. `cpuMs` is what it has used in all; `now` is in milliseconds. */
  isBusy(cpuMs: number, now: number): boolean {
    const [used, passed] = [cpuMs - this.#cpuMs, now - this.#at];
    this.#cpuMs = cpuMs;
    this.#at = now;
    // Less than before is another program, which is just starting.
    return used < 0 || used * 100 > passed * this.#busyPercent;
  }
}
