// The lines of one build: tagged, without secrets, kept by the log store; the last ones are the evidence of a failure.
import type { LogTags } from "@slipstream/contract/logs.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import { redactorOf } from "#platform/redact.ts";

const evidenceLines = 20;

export interface BuildLog {
  write(stream: "stdout" | "stderr", text: string): void;
  /** The newest lines, oldest first. */
  last(): string[];
}

export const buildLogOf = (logs: LogWriter, tags: LogTags, secrets: readonly string[]): BuildLog => {
  const redact = redactorOf(secrets);
  let last: string[] = [];
  return {
    write(stream, text) {
      const shown = redact(text);
      if (shown.trim() !== "") last = [...last.slice(1 - evidenceLines), shown];
      logs.append({ ...tags, time: new Date().toISOString(), source: "build", stream, text: shown });
    },
    last: () => last,
  };
};
