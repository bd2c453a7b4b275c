// Stands before the log of a stranger's program: a flood of lines would take the room of everybody else's.
import { limit } from "@slipstream/contract/limits.ts";
import { LineLimit } from "./line-limit.ts";

/** Longer than the second that is counted. */
const settleMs = 1_050;

/** Lets as many lines of one program through as a log takes of a second, and tells how many it did not, also when no more line comes. */
export class LineGate {
  readonly #limit = new LineLimit(limit("logLinesPerSecond"));
  readonly #tell: (text: string) => void;
  #settling: NodeJS.Timeout | undefined;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  /** Whether the line that came now may pass. */
  passes(): boolean {
    const { pass, dropped } = this.#limit.take(performance.now());
    this.#tellDropped(dropped);
    if (!pass) this.#settleLater();
    return pass;
  }

  #settleLater(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#tellDropped(this.#limit.settle(performance.now()));
    }, settleMs).unref();
  }

  #tellDropped(count: number): void {
    if (count > 0) this.#tell(`${count} lines were dropped: more than ${limit("logLinesPerSecond")} a second came.`);
  }
}
