// Tools for what was done.
import { AppName } from "@slipstream/contract/words.ts";
import { z } from "zod";
import { tool } from "../tool.ts";

export const journal = tool({
  name: "journal",
  title: "Show the journal",
  description: "What was asked, by whom, and which operation would undo it; newest first.",
  kind: "reads",
  repeatable: true,
  input: z.object({ app: AppName.optional(), limit: z.int().min(1).max(100).default(10) }),
  output: z.object({
    entries: z.array(
      z.object({ entry: z.string(), at: z.string(), actor: z.string(), operation: z.string(), app: z.string().optional(), undo: z.string().optional() }),
    ),
  }),
  async run(input, asking) {
    const { entries } = await asking.do("journal.list", input);
    const brief = entries.map(({ id, time, actor, operation, app, inverse }) => ({
      entry: id,
      at: time,
      actor,
      operation,
      ...(app === undefined ? {} : { app }),
      ...(inverse === undefined ? {} : { undo: inverse.operation }),
    }));
    return { value: { entries: brief } };
  },
});
