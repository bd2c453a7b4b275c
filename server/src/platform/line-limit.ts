// Lets at most so many lines a second through, and says how many it did not.

export class LineLimit {
  readonly #perSecond: number;
  #second = 0;
  #count = 0;
  #dropped = 0;
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Whether a line may pass at `nowMs`; `dropped` counts those of an earlier second that could not. */
  take(nowMs: number): { pass: boolean; dropped: number } {
    const dropped = this.#roll(nowMs);
    this.#count += 1;
    if (this.#count <= this.#perSecond) return { pass: true, dropped };
    this.#dropped += 1;
    return { pass: false, dropped };
  }

  /** Lines dropped in seconds that are over, told once. */
  settle(nowMs: number): number {
    return this.#roll(nowMs);
  }

  #roll(nowMs: number): number {
    const second = Math.floor(nowMs / 1_000);
    if (second === this.#second) return 0;
    const dropped = this.#dropped;
    this.#second = second;
    this.#count = 0;
    this.#dropped = 0;
    return dropped;
  }
}
