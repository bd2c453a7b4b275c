import type { JournalEntry } from "@slipstream/contract/words.ts";
import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { pageOf, pageOptions } from "./options.ts";

/** What undoes it, or has undone it. */
const undoOf = ({ inverse, undoneBy }: JournalEntry): string => (undoneBy !== undefined ? `undone by ${undoneBy}` : (inverse?.operation ?? "–"));

const row = ({ screen }: Invocation, entry: JournalEntry): string[] => [
  entry.id,
  screen.time(entry.time),
  entry.approvedBy === undefined ? entry.actor : `${entry.actor}, approved by ${entry.approvedBy}`,
  entry.operation,
  entry.app ?? "–",
  undoOf(entry),
  entry.undoes === undefined ? "–" : entry.undoes,
];

const run = async (call: Invocation): Promise<ExitCode> => {
  const app = first(call);
  const answer = await call.session.call("journal.list", { ...(app && { app }), ...pageOf(call.options) });
  call.screen.list(answer, {
    heading: ["entry", "time", "actor", "operation", "app", "undo", "undid"],
    rows: answer.entries.map((entry) => row(call, entry)),
    empty: "Nothing was changed yet.",
  });
  return 0;
};

export const journal: Command = {
  name: "journal",
  summary: "List what was changed, by whom, how to undo it and what was undone, newest first.",
  arguments: [{ name: "APP", summary: "changes of this app alone", optional: true }],
  options: pageOptions,
  examples: ["slip journal", "slip journal shop --json"],
  run,
};
