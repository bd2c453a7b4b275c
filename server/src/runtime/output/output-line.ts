// Reads what conmon writes: "TIME STREAM F|P TEXT", where P says that the line goes on in the next record of its stream. Pure.

export interface OutputRecord {
  time: string;
  stream: "stdout" | "stderr";
  /** The line goes on. */
  partial: boolean;
  text: string;
}
export interface OutputLine {
  time: string;
  stream: "stdout" | "stderr";
  text: string;
  /** The program has not said it: the platform says it of the program. */
  ofPlatform?: true;
}

export const parseOutput = (line: string): OutputRecord | undefined => {
  const match = /^(\S+) (stdout|stderr) ([FP]) (.*)$/s.exec(line);
  if (!match) return undefined;
  const at = new Date(match[1] ?? "");
  if (Number.isNaN(at.getTime())) return undefined;
  return { time: at.toISOString(), stream: match[2] === "stderr" ? "stderr" : "stdout", partial: match[3] === "P", text: match[4] ?? "" };
};

/** Joins the parts of long lines; what is beyond `maxBytes` is cut. */
export class LineJoiner {
  readonly #maxBytes: number;
  readonly #parts = { stdout: "", stderr: "" };
  #time = "";
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The whole line that this record ends, if it ends one. */
  add({ time, stream, partial, text }: OutputRecord): OutputLine | undefined {
    this.#time = time;
    const joined = this.#parts[stream].length >= this.#maxBytes ? this.#parts[stream] : this.#parts[stream] + text;
    this.#parts[stream] = partial ? joined.slice(0, this.#maxBytes) : "";
    return partial ? undefined : { time, stream, text: joined.slice(0, this.#maxBytes).replace(/\r$/, "") };
  }

  /** What was written last without the end of a line: the program has ended, and it will not come. */
  end(): OutputLine[] {
    return (["stdout", "stderr"] as const).flatMap((stream) => {
      const text = this.#parts[stream];
      this.#parts[stream] = "";
      return text === "" ? [] : [{ time: this.#time, stream, text }];
    });
  }
}
