// Time as the edge needs it: milliseconds for deadlines that are looked at a few times a second, and the Date of the second.

export class EdgeClock {
  /** Milliseconds since some start in which the process ran; moves with each tick. */
  now = 0;
  date = new Date().toUTCString();
  #timer: NodeJS.Timeout | undefined;

  /** Calls `sweep` every `everyMs`, after the clock moved. */
  start(everyMs: number, sweep: () => void): void {
    let before = performance.now();
    this.#timer = setInterval(() => {
      const time = performance.now();
      // A process that stood still has yet to see what came meanwhile, and what it sees first gets its deadline by the tick of before.
      this.now += Math.min(time - before, 2 * everyMs);
      before = time;
      this.date = new Date().toUTCString();
      sweep();
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
