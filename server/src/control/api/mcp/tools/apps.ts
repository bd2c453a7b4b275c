// Tools for apps as a whole.
import { limit } from "@slipstream/contract/limits.ts";
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import { AppName, type Deployment } from "@slipstream/contract/words.ts";
import { z } from "zod";
import type { Asking } from "../asking.ts";
import { unlessConfirmed } from "../confirm.ts";
import { carriedOut, failureFor, Outcome, waitSeconds } from "../outcome.ts";
import { tool } from "../tool.ts";
import { Untrusted, untrusted } from "../untrusted.ts";
import { dangerOfDestroying } from "./danger.ts";

const byApp = z.object({ app: AppName });

const lastOf = ({ deployment, kind, state, failure }: Deployment) => ({
  deployment,
  kind,
  state,
  ...(failure === undefined ? {} : { code: failure.code, summary: failureFor(failure).summary }),
});

const Status = z.object({
  url: z.string(),
  app: z.string().optional(),
  state: z.string().optional(),
  release: z.int().optional(),
  instances: z.int().optional(),
  domains: z.array(z.string()).optional(),
  env: z.array(z.string()).optional(),
  secrets: z.array(z.string()).optional(),
  last: z.looseObject({}).optional(),
  apps: z.array(z.object({ app: z.string(), state: z.string(), url: z.string(), instances: z.int() })).optional(),
  omitted: z.int().optional(),
});

const appsShown = 50;

/** A page of all apps: those behind `after`, in the order of their names. */
const statusOfAll = async (asking: Asking, after = ""): Promise<z.input<typeof Status>> => {
  const [{ url }, { apps }] = await Promise.all([asking.do("platform.status", {}), asking.do("apps.list", {})]);
  const left = apps.filter(({ app }) => app > after).sort((one, other) => (one.app < other.app ? -1 : 1));
  const shown = left.slice(0, appsShown).map(({ app, state, url: address, instances }) => ({ app, state, url: address, instances }));
  return { url, apps: shown, ...(left.length > appsShown ? { omitted: left.length - appsShown } : {}) };
};

const statusOf = async (asking: Asking, name: string): Promise<z.input<typeof Status>> => {
  const [app, { domains }, { env }, { secrets }, { deployments }] = await Promise.all([
    asking.do("apps.get", { app: name }),
    asking.do("domains.list", { app: name }),
    asking.do("env.list", { app: name }),
    asking.do("secrets.list", { app: name }),
    asking.do("deployments.list", { app: name, limit: 1 }),
  ]);
  const [last] = deployments;
  return {
    url: app.url,
    app: app.app,
    state: app.state,
    ...(app.release === undefined ? {} : { release: app.release }),
    instances: app.instances,
    domains: domains.map(({ domain }) => domain),
    env: env.map((each) => each.name),
    secrets: secrets.map((each) => each.name),
    ...(last === undefined ? {} : { last: lastOf(last) }),
  };
};

export const status = tool({
  name: "status",
  title: "Show status",
  description: "One app: what is live, its address, names of variables and secrets, the last deployment. Without an app: all apps, 50 at a time.",
  kind: "reads",
  repeatable: true,
  input: z.object({ app: AppName.optional(), after: AppName.optional().describe("the last app of the page before") }),
  output: Status,
  run: async ({ app, after }, asking) => ({ value: app === undefined ? await statusOfAll(asking, after) : await statusOf(asking, app) }),
});

export const scale = tool({
  name: "scale",
  title: "Scale",
  description: "Set how many instances of an app run; answers when they serve.",
  kind: "changes",
  repeatable: true,
  input: byApp.extend({ instances: z.int().min(1).max(32) }),
  output: z.object({ app: z.string(), url: z.string(), instances: z.int() }),
  async run(input, asking) {
    const { app, url, instances } = await asking.telling("starting", asking.do("apps.scale", input));
    return { value: { app, url, instances } };
  },
  planned: (input) => ({ operation: "apps.scale", input }),
});

export const restart = tool({
  name: "restart",
  title: "Restart",
  description: "Start new instances of the live release and switch to them without a pause.",
  kind: "changes",
  repeatable: true,
  input: byApp.extend({ waitSeconds }),
  output: Outcome,
  run: async ({ app, waitSeconds: seconds }, asking) => carriedOut(asking, await asking.do("apps.restart", { app }), seconds),
  planned: ({ app }) => ({ operation: "apps.restart", input: { app } }),
});

const outputBounds = { lines: 100, lineLength: 500, length: 8_000 };
const secondsMax = limit("runMs") / 1_000;

const Ran = z.object({
  app: z.string(),
  exitCode: z.int(),
  seconds: z.number(),
  timedOut: z.boolean().optional(),
  outOfMemory: z.boolean().optional(),
  output: Untrusted,
});

/** What came of a command, with its lines as a stranger's. */
export const ranOf = ({ app, exitCode, ms, timedOut, outOfMemory, lines, omitted: before }: OutputOf<"apps.run">): z.input<typeof Ran> => {
  const { omitted = 0, ...output } = untrusted(
    lines.map(({ text }) => text),
    outputBounds,
  );
  const left = omitted + before;
  return {
    app,
    exitCode,
    seconds: Math.round(ms / 10) / 100,
    ...(timedOut ? { timedOut: true } : {}),
    ...(outOfMemory ? { outOfMemory: true } : {}),
    output: { ...output, ...(left === 0 ? {} : { omitted: left }) },
  };
};

const runInput = ({ app, command, timeoutSeconds }: { app: string; command: string; timeoutSeconds: number }) => ({
  app,
  command,
  timeoutMs: timeoutSeconds * 1_000,
  lines: outputBounds.lines,
});

export const runCommand = tool({
  name: "run_command",
  title: "Run a command",
  description: "Run a command once beside the live release, with its variables, secrets and limits; answers its exit code and last lines.",
  kind: "destroys",
  repeatable: false,
  reachesOut: true,
  input: byApp.extend({
    command: z.string().min(1).max(8_192).describe("one line for the shell of the sandbox"),
    timeoutSeconds: z.int().min(1).max(secondsMax).default(30),
  }),
  output: Ran,
  async run(input, asking) {
    return { value: ranOf(await asking.telling("running", asking.do("apps.run", runInput(input), { signal: asking.signal }))) };
  },
  planned: (input) => ({ operation: "apps.run", input: runInput(input) }),
});

export const destroy = tool({
  name: "destroy",
  title: "Destroy an app",
  description:
    "Take an app off the air; undo brings it back for 72 hours. The user is asked first; where the client cannot ask, confirm must be the app's name.",
  kind: "destroys",
  repeatable: true,
  input: byApp.extend({ confirm: z.string().optional() }),
  output: z.object({ app: z.string(), releases: z.int(), keptUntil: z.string().optional() }),
  async run({ app, confirm }, asking, door) {
    const danger = { ...(await dangerOfDestroying(asking, app)), confirm };
    const question = await unlessConfirmed(asking, { door, danger });
    return question ?? { value: await asking.telling("destroying", asking.do("apps.destroy", { app })) };
  },
  planned: ({ app }) => ({ operation: "apps.destroy", input: { app } }),
});
