// What undoing an entry of the journal would do: what the operation would that undoes it.
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import type { JsonName } from "../../api/call.ts";
import { parseInput } from "../../api/parse.ts";
import { answerOfUndoing, undoingOf } from "../../journal/journal-operations.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { type AnyPlanner, planner } from "../planner.ts";

interface UndoRows {
  fingerprint: Fingerprint;
  name: JsonName;
  input: Record<string, unknown>;
  inner: AnyPlanner;
  rows: { fingerprint: Fingerprint };
}

/** `plannerOf` gives the planner of the operation that undoes it; it throws `not_plannable`. */
export const journalPlanners = (plannerOf: (name: string) => { name: JsonName; planner: AnyPlanner }) => ({
  "journal.undo": planner<"journal.undo", UndoRows>({
    async read(reading, { entry }) {
      const inverse = await undoingOf(reading.control, reading.call, entry);
      const { name, planner: inner } = plannerOf(inverse.operation);
      const input = parseInput(operations[name] as Operation, inverse.input);
      const rows = await inner.read(reading, input as never);
      return { name, input, inner, rows, fingerprint: rows.fingerprint };
    },
    plan(asked, { name, input, inner, rows }) {
      return { ...inner.plan(input as never, rows), input: { ...asked }, within: { operation: name, input } };
    },
    again: ({ control, call }, { entry }) => answerOfUndoing(control, call, entry),
  }),
});
