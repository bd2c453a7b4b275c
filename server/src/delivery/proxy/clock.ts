// Time as the edge needs it: milliseconds for deadlines that are looked at a few times a second, and the Date of the second.

export class EdgeClock {
  /** Milliseconds since some start; moves with each tick. */
  now = performance.now();
  date = new Date().toUTCString();
  #timer: NodeJS.Timeout | undefined;

  /** Calls `sweep` every `everyMs`, after the clock moved. */
  start(everyMs: number, sweep: () => void): void {
    this.#timer = setInterval(() => {
      this.now = performance.now();
      this.date = new Date().toUTCString();
      sweep();
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
