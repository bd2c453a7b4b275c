import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { countOf, textOf } from "./options.ts";

const run = async (call: Invocation): Promise<ExitCode> => {
  const limit = countOf(textOf(call.options, "limit"), "--limit");
  const app = first(call);
  const answer = await call.session.call("journal.list", { ...(app && { app }), ...(limit && { limit }) });
  if (call.screen.json) call.screen.data(answer);
  else
    call.screen.table(
      ["time", "actor", "operation", "app", "undo"],
      answer.entries.map((entry) => [
        call.screen.time(entry.time),
        entry.approvedBy === undefined ? entry.actor : `${entry.actor}, approved by ${entry.approvedBy}`,
        entry.operation,
        entry.app ?? "–",
        entry.inverse?.operation ?? "–",
      ]),
      "Nothing was changed yet.",
    );
  return 0;
};

export const journal: Command = {
  name: "journal",
  summary: "List what was changed, by whom, and how to undo it, newest first.",
  arguments: [{ name: "APP", summary: "changes of this app alone", optional: true }],
  options: [{ flags: "-n, --limit <N>", summary: "at most so many (50)" }],
  examples: ["slip journal", "slip journal shop --json"],
  run,
};
