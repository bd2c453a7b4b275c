// Tools for what was done, and for undoing it.
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import { AppName, type JournalEntry, JournalId } from "@slipstream/contract/words.ts";
import { z } from "zod";
import type { Asking } from "../asking.ts";
import { type Danger, unlessConfirmed } from "../confirm.ts";
import { carriedOut, Outcome, waitSeconds } from "../outcome.ts";
import { tool } from "../tool.ts";
import { dangerOfDestroying } from "./danger.ts";

export const journal = tool({
  name: "journal",
  title: "Show the journal",
  description: "What was asked, by whom, and which operation would undo it; newest first.",
  kind: "reads",
  repeatable: true,
  input: z.object({ app: AppName.optional(), limit: z.int().min(1).max(100).default(10), before: JournalId.optional() }),
  output: z.object({
    entries: z.array(
      z.object({
        entry: z.string(),
        at: z.string(),
        actor: z.string(),
        operation: z.string(),
        app: z.string().optional(),
        undo: z.string().optional(),
        undoneBy: z.string().optional(),
      }),
    ),
  }),
  async run(input, asking) {
    const { entries } = await asking.do("journal.list", input);
    const brief = entries.map(({ id, time, actor, operation, app, inverse, undoneBy }) => ({
      entry: id,
      at: time,
      actor,
      operation,
      ...(app === undefined ? {} : { app }),
      ...(inverse === undefined ? {} : { undo: inverse.operation }),
      ...(undoneBy === undefined ? {} : { undoneBy }),
    }));
    return { value: { entries: brief } };
  },
});

/** What would be lost by undoing it; undefined where nothing would. */
const dangerOfUndoing = async (asking: Asking, { id, app, inverse }: JournalEntry): Promise<Omit<Danger, "confirm"> | undefined> => {
  if (inverse === undefined || operations[inverse.operation as OperationName]?.effect !== "destroy") return undefined;
  if (inverse.operation === "apps.destroy" && app !== undefined) return dangerOfDestroying(asking, app);
  return { name: id, what: `Undo ${id}? That is ${inverse.operation} with ${JSON.stringify(inverse.input)}.` };
};

export const undo = tool({
  name: "undo",
  title: "Undo a change",
  description:
    "Put back what an entry of the journal changed; undo of the entry that this makes does it again. What would destroy something is asked first, as with destroy; confirm is the app's name, else the entry.",
  kind: "destroys",
  repeatable: false,
  input: z.object({ entry: JournalId, confirm: z.string().optional(), waitSeconds }),
  output: Outcome.partial().extend({ undone: z.string(), entry: z.string(), operation: z.string() }),
  async run({ entry: id, confirm, waitSeconds: seconds }, asking, door) {
    const entry = await asking.do("journal.get", { entry: id });
    const danger = entry.obstacle === undefined ? await dangerOfUndoing(asking, entry) : undefined;
    const question = danger && (await unlessConfirmed(asking, { door, danger: { ...danger, confirm } }));
    if (question) return question;
    const { deployment, ...undone } = await asking.telling("undoing", asking.do("journal.undo", { entry: id }));
    if (!deployment) return { value: undone };
    const told = await carriedOut(asking, deployment, seconds);
    return "failure" in told ? { failure: { ...told.failure, ...undone } } : { value: { ...told.value, ...undone } };
  },
  planned: ({ entry }) => ({ operation: "journal.undo", input: { entry } }),
});
