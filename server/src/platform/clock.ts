// Time that stays right when the machine's clock is set, by a person or a time server. Wall time is for people and for dates that
// were agreed on. A duration comes from a clock that only goes forward: performance.now() in a process, `uptimeMs` where it must
// outlive one.
import { uptime } from "node:os";

/** Since the machine was started, its sleep included; 10 ms exact. Processes that come and go see the same. */
export const uptimeMs = (): number => uptime() * 1_000;

const tickMs = 100;

/**
 * Calls `act` when this process has run for `ms`, and gives what calls it off. While the process stands still no time passes, nor for what
 * came meanwhile and has yet to be seen: what is waited for is not late because nobody looked.
 */
export const afterRunning = (ms: number, act: () => void): (() => void) => {
  let left = ms;
  let before = performance.now();
  const timer = setInterval(
    () => {
      const now = performance.now();
      left -= Math.min(now - before, 2 * tickMs);
      before = now;
      if (left > 0) return;
      clearInterval(timer);
      act();
    },
    Math.min(ms, tickMs),
  );
  return () => clearInterval(timer);
};

interface Reading {
  wallMs: number;
  uptimeMs: number;
}

const read = (): Reading => ({ wallMs: Date.now(), uptimeMs: uptimeMs() });

/** A difference of the two clocks by less is that of a clock that is kept right, bit by bit. */
const setMs = 1_000;
/** For so long the old time counts beside the new one: longer than the ages that anybody asks about here. */
const rememberedMs = 3_600_000;

/** Knows what the machine's clock would say if nobody had set it lately. */
export class WallClock {
  readonly #read: () => Reading;
  /** Wall time when the machine was started, by the clock as it was before. */
  #startMs: number;
  #noticedMs: number | undefined;

  constructor(from = read) {
    this.#read = from;
    const now = from();
    this.#startMs = now.wallMs - now.uptimeMs;
  }

  /** What time it is: by the clock, and by the clock as it was before it was set. */
  times(): [number, number] {
    const now = this.#read();
    const startMs = now.wallMs - now.uptimeMs;
    if (Math.abs(startMs - this.#startMs) < setMs) this.#noticedMs = undefined;
    else this.#noticedMs ??= now.uptimeMs;
    if (this.#noticedMs === undefined || now.uptimeMs - this.#noticedMs > rememberedMs) {
      this.#startMs = startMs;
      this.#noticedMs = undefined;
    }
    return [now.wallMs, this.#startMs + now.uptimeMs];
  }

  /** How long ago a wall time was, at most: of the two times that it can be, the one that makes it younger. Never negative. */
  ageMs(timeMs: number): number {
    return Math.max(0, Math.min(...this.times()) - timeMs);
  }

  /** How far a wall time is from now, before or after, at most. */
  distanceMs(timeMs: number): number {
    return Math.min(...this.times().map((now) => Math.abs(now - timeMs)));
  }
}

/** The machine's. A process has one, because it notices that the clock was set by having seen it before. */
export const wallClock = new WallClock();
