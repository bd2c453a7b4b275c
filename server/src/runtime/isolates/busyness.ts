// Whether a process still takes turns: a function that computes without a pause holds up all others in it.
import { limit } from "@slipstream/contract/limits.ts";
import { isAnswering, type Line } from "./line.ts";

const everyMs = 500;
/** One that has worked less from one look to the next is not asked. */
const idleCpuMs = 5;
/** Time enough for one that hardly gets a processor; what counts is what it has computed meanwhile. */
const answersMs = 600_000;

export class Busyness {
  readonly #of: { cpuMs: () => number; line: Line; onStuck: () => void };
  #timer: NodeJS.Timeout | undefined;
  #cpuMs = 0;
  /** What it had computed when it was asked. */
  #askedAt: number | undefined;
  #life = 0;

  constructor(of: { cpuMs: () => number; line: Line; onStuck: () => void }) {
    this.#of = of;
  }

  begin(): void {
    this.end();
    this.#cpuMs = this.#of.cpuMs();
    this.#timer = setInterval(() => this.#look(), everyMs).unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#askedAt = undefined;
    this.#life += 1;
  }

  #look(): void {
    const before = this.#cpuMs;
    this.#cpuMs = this.#of.cpuMs();
    if (this.#askedAt === undefined) {
      if (this.#cpuMs - before > idleCpuMs) void this.#ask();
    } else if (this.#cpuMs - this.#askedAt > limit("functionBusyMs")) {
      this.end();
      this.#of.onStuck();
    }
  }

  async #ask(): Promise<void> {
    const life = this.#life;
    this.#askedAt = this.#cpuMs;
    await isAnswering(this.#of.line, answersMs);
    if (life === this.#life) this.#askedAt = undefined;
  }
}
