// Tools for what was live before.
import { AppName } from "@slipstream/contract/words.ts";
import { z } from "zod";
import { carriedOut, Outcome, waitSeconds } from "../outcome.ts";
import { tool } from "../tool.ts";

const byApp = z.object({ app: AppName });

export const releases = tool({
  name: "releases",
  title: "List releases",
  description: "The releases of an app, newest first. rollback reaches all of them.",
  kind: "reads",
  repeatable: true,
  input: byApp.extend({ limit: z.int().min(1).max(100).default(10) }),
  output: z.object({
    releases: z.array(z.object({ release: z.int(), state: z.string(), deployment: z.string(), commit: z.string().optional(), at: z.string() })),
  }),
  async run({ app, limit }, asking) {
    const { releases: all } = await asking.do("releases.list", { app });
    const brief = all.slice(0, limit).map(({ release, state, deployment, commit, createdAt }) => ({
      release,
      state,
      deployment,
      ...(commit === undefined ? {} : { commit }),
      at: createdAt,
    }));
    return { value: { releases: brief } };
  },
});

const rollbackInput = ({ app, to }: { app: string; to?: number | undefined }) => ({ app, ...(to === undefined ? {} : { to }) });

export const rollback = tool({
  name: "rollback",
  title: "Roll back",
  description: "Make an earlier release live again, with its configuration and secrets; by default the one before.",
  kind: "changes",
  repeatable: false,
  input: byApp.extend({ to: z.int().positive().optional(), waitSeconds }),
  output: Outcome,
  run: async (input, asking) => carriedOut(asking, await asking.do("releases.rollback", rollbackInput(input)), input.waitSeconds),
  planned: (input) => ({ operation: "releases.rollback", input: rollbackInput(input) }),
});
