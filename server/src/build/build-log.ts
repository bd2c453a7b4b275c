// The lines of one build: tagged, limited in number, without secrets, kept by the log store; the last ones are the evidence of a failure.
import { stripVTControlCharacters } from "node:util";
import type { LogTags } from "@slipstream/contract/logs.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import { LineGate } from "#platform/line-gate.ts";
import { redactorOf } from "#platform/redact.ts";

const evidenceLines = 20;
/** More are remembered: of the last ones, some say nothing. */
const rememberedLines = 300;
/** Names in a source may be of any length, and any number. */
const noticesMost = 20;
const noticeCharacters = 500;

/** What npm prints after its reason: how it is used, and where a log would be. */
const isNpmUsage = /^npm error Usage:$/;
const isNpmEnd = /^npm error Run "npm help/;

/** The last lines that say something: npm's own explanation of its options hides why it ended. Pure. */
export const evidenceOf = (lines: readonly string[]): string[] => {
  const usage = lines.findIndex((line) => isNpmUsage.test(line));
  const end = lines.findIndex((line, index) => index > usage && isNpmEnd.test(line));
  const told = usage >= 0 && end >= 0 ? [...lines.slice(0, usage), ...lines.slice(end + 1)] : lines;
  return told.filter((line) => line !== "npm error").slice(-evidenceLines);
};

export interface BuildLog {
  /** A line of our own: in the log, but no evidence of anything. */
  note(text: string): void;
  /** A line of our own about the source, which whoever deploys it is told too. */
  notice(text: string): void;
  /** Those, each once, without secrets. */
  notices(): string[];
  /** A line of the platform about the programs of the build. */
  say(text: string): void;
  write(stream: "stdout" | "stderr", text: string): void;
  /** The newest lines, oldest first. */
  last(): string[];
}

export const buildLogOf = (logs: LogWriter, tags: LogTags, secrets: readonly string[]): BuildLog => {
  const redact = redactorOf(secrets);
  let last: string[] = [];
  const append = (stream: "stdout" | "stderr", text: string): void => logs.append({ ...tags, time: new Date().toISOString(), source: "build", stream, text });
  const say = (text: string): void => logs.append({ ...tags, time: new Date().toISOString(), source: "platform", stream: "stderr", text: redact(text) });
  const gate = new LineGate(say);
  const notices = new Set<string>();
  return {
    note: (text) => append("stdout", redact(text)),
    notice(text) {
      const shown = redact(text).slice(0, noticeCharacters);
      append("stdout", shown);
      if (notices.size < noticesMost) notices.add(shown);
    },
    notices: () => [...notices],
    say,
    write(stream, text) {
      const shown = redact(stripVTControlCharacters(text));
      if (shown.trim() !== "") last = [...last.slice(1 - rememberedLines), shown];
      if (gate.passes()) append(stream, shown);
    },
    last: () => evidenceOf(last),
  };
};
