// The lines of one instance on their way to the log: limited in number, without secrets, tagged; the last ones are kept for reports.
import type { LogTags } from "@slipstream/contract/logs.ts";
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import { LineGate } from "#platform/line-gate.ts";
import { redactorOf } from "#platform/redact.ts";
import type { OutputLine } from "../output/output-line.ts";

const keptLines = 40;

/** Values of a workload that no log may show. */
export const secretsOf = (spec: WorkloadSpec): string[] => spec.secretNames.flatMap((name) => spec.env[name] ?? []);

/** All instances of a workload have the same secrets, and to make one takes milliseconds and megabytes. */
const redactors = new WeakMap<WorkloadSpec, (text: string) => string>();

const redactorFor = (spec: WorkloadSpec): ((text: string) => string) => {
  const redact = redactors.get(spec) ?? redactorOf(secretsOf(spec));
  redactors.set(spec, redact);
  return redact;
};

export class InstanceLog {
  readonly #logs: LogWriter;
  readonly #tags: LogTags;
  readonly #redact: (text: string) => string;
  readonly #gate = new LineGate((text) => this.say(text));
  readonly #last: string[] = [];

  constructor(logs: LogWriter, spec: WorkloadSpec, instance: string, redact = redactorFor(spec)) {
    this.#logs = logs;
    this.#tags = { ...spec.tags, deployment: spec.id, instance };
    this.#redact = redact;
  }

  /** A line of the program, or what came among its lines. */
  take({ time, stream, text, ofPlatform }: OutputLine): void {
    if (ofPlatform) return void this.say(text);
    if (!this.#gate.passes()) return;
    const clean = this.#redact(text);
    this.#last.push(clean);
    if (this.#last.length > keptLines) this.#last.shift();
    this.#logs.append({ ...this.#tags, time, source: "runtime", stream, text: clean });
  }

  /** A line of the platform about the program. */
  say(text: string): void {
    this.#logs.append({ ...this.#tags, time: new Date().toISOString(), source: "platform", stream: "stderr", text: this.#redact(text) });
  }

  get lastLines(): readonly string[] {
    return this.#last;
  }
}
