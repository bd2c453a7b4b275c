// Whether a process still takes turns: a function that computes without a pause holds up all others in it.
import { limit } from "@slipstream/contract/limits.ts";
import { isAnswering, type Line } from "./line.ts";

const everyMs = 500;

export class Busyness {
  readonly #of: { cpuMs: () => number; line: Line; onStuck: () => void };
  #timer: NodeJS.Timeout | undefined;
  #before = { at: 0, cpuMs: 0 };
  #asking: AbortController | undefined;

  constructor(of: { cpuMs: () => number; line: Line; onStuck: () => void }) {
    this.#of = of;
  }

  begin(): void {
    this.end();
    this.#before = { at: performance.now(), cpuMs: this.#of.cpuMs() };
    this.#timer = setInterval(() => void this.#look(), everyMs).unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#asking?.abort();
    this.#asking = undefined;
  }

  /** One that has hardly worked is not asked. */
  async #look(): Promise<void> {
    const { at, cpuMs } = this.#before;
    this.#before = { at: performance.now(), cpuMs: this.#of.cpuMs() };
    const isBusy = this.#before.cpuMs - cpuMs > (this.#before.at - at) / 2;
    if (!isBusy || this.#asking) return;
    const asking = new AbortController();
    this.#asking = asking;
    const answers = await isAnswering(this.#of.line, limit("functionBusyMs"));
    if (asking.signal.aborted) return;
    this.#asking = undefined;
    if (!answers) this.#of.onStuck();
  }
}
