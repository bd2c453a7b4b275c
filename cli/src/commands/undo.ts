import { type Command, type ExitCode, first, type Invocation } from "../command.ts";
import { finish, showResult } from "../deployment/finish.ts";
import { exitCodeOf } from "../deployment/result.ts";

const run = async (call: Invocation): Promise<ExitCode> => {
  const { deployment, ...undone } = await call.session.call("journal.undo", { entry: first(call) });
  const result = deployment && (await finish(call, deployment));
  if (call.screen.json) call.screen.data({ ...undone, deployment: result ?? null });
  else if (result) showResult(call, result);
  else call.screen.note(`Undone by ${undone.operation}${undone.app === undefined ? "" : ` of ${undone.app}`}; 'slip undo ${undone.entry}' does it again.`);
  return result ? exitCodeOf(result.outcome) : 0;
};

export const undo: Command = {
  name: "undo",
  summary: "Undo a change: do what puts back what it changed.",
  arguments: [{ name: "ENTRY", summary: "id of the change, from 'slip journal'" }],
  notes:
    "What undoes a change is a change itself, with an entry of its own; undo that to do the first one again. A change of which something later\n" +
    "depends is not undone: the answer names what stands in the way.",
  examples: ["slip journal shop", "slip undo jrn_01j9x2m4c8q6w3t5y7z9b1d3f5", "slip undo jrn_01j9x2m4c8q6w3t5y7z9b1d3f5 --json"],
  run,
};
