import { type Command, first, type Invocation } from "../command.ts";
import { change, planOption } from "../plan/change.ts";

const run = (call: Invocation): Promise<number> => change(call, "journal.undo", { entry: first(call) });

export const undo: Command = {
  name: "undo",
  summary: "Undo a change: do what puts back what it changed.",
  arguments: [{ name: "ENTRY", summary: "id of the change, from 'slip journal'" }],
  options: [planOption],
  notes:
    "What undoes a change is a change itself, with an entry of its own; undo that to do the first one again. A change of which something later\n" +
    "depends is not undone: the answer names what stands in the way.",
  examples: [
    "slip journal shop",
    "slip undo jrn_01j9x2m4c8q6w3t5y7z9b1d3f5",
    "slip undo jrn_01j9x2m4c8q6w3t5y7z9b1d3f5 --plan",
    "slip undo jrn_01j9x2m4c8q6w3t5y7z9b1d3f5 --json",
  ],
  run,
};
