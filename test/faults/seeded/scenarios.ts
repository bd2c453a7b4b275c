// What is done while a process dies: how an app is made ready for it, the command, and what must be true afterwards.
import { nodeFiles } from "../../e2e/sources.ts";
import { pick, type Random } from "./random.ts";
import type { KnownApp, World } from "./world.ts";

export type ScenarioName =
  | "deploy"
  | "deploy with a build"
  | "deploy with a release command"
  | "failed build"
  | "failed start"
  | "rollback"
  | "restart"
  | "configuration"
  | "scale up"
  | "scale down"
  | "destroy"
  | "purge"
  | "restore";

/** `either`: live or failed, as it comes; `off`: destroyed and kept. */
export type Outcome = "live" | "failed" | "either" | "done" | "off" | "gone";

/** A command to be given, and what it may come to. */
export interface Act {
  app: KnownApp;
  args: readonly string[];
  /** The one outcome where nothing but the platform is broken. */
  outcome: Outcome;
  /** The code of the report of a failure. */
  code?: string;
  /** What the app answers once this is live. */
  answer: string;
  instances?: number;
  /** Nothing answers before it is done. */
  isOff?: true;
}

const nodeApp = (answer: string, toml = ""): Record<string, string> => ({
  ...nodeFiles(JSON.stringify(answer)),
  ...(toml === "" ? {} : { "slip.toml": toml }),
});

const deployArgs = (world: World, app: string, files: Readonly<Record<string, string>>): string[] => ["deploy", world.tree(files), "--app", app, "--json"];

/** The app of a name, made live first where it is new. */
const appNamed = async (world: World, name: string): Promise<KnownApp> => {
  const known = world.apps.get(name);
  if (known) return known;
  const answer = world.newAnswer();
  await world.installation.expect(0, deployArgs(world, name, nodeApp(answer)));
  const app: KnownApp = { name, answers: new Map([[1, answer]]), live: 1, instances: 1 };
  world.apps.set(name, app);
  return app;
};

/** With a second release, so that there is one to go back to. */
const appWithHistory = async (world: World, name: string): Promise<KnownApp> => {
  const app = await appNamed(world, name);
  if (app.answers.size > 1) return app;
  const answer = world.newAnswer();
  await world.installation.expect(0, deployArgs(world, name, nodeApp(answer)));
  app.answers.set(app.live + 1, answer);
  app.live += 1;
  return app;
};

const deployment = async (world: World, toml?: string): Promise<Act> => {
  const app = await appNamed(world, "shop");
  const answer = world.newAnswer();
  return { app, args: deployArgs(world, app.name, nodeApp(answer, toml)), outcome: "live", answer };
};

const failing = async (world: World, of: { toml: string; code: string }): Promise<Act> => {
  const act = await deployment(world, of.toml);
  return { ...act, outcome: "failed", code: of.code };
};

const current = (app: KnownApp): string => app.answers.get(app.live) ?? "";

const rollback = async (world: World, random: Random): Promise<Act> => {
  const app = await appWithHistory(world, "shop");
  const { releases } = await world.client.call("releases.list", { app: app.name });
  const to = pick(
    random,
    releases.filter(({ release }) => release !== app.live).map(({ release }) => release),
  );
  return { app, args: ["rollback", app.name, "--to", `${to}`, "--json"], outcome: "live", answer: app.answers.get(to) ?? "" };
};

const scale = async (world: World, instances: number): Promise<Act> => {
  const app = await appNamed(world, "wide");
  if (app.instances === instances) {
    const other = instances === 1 ? 2 : 1;
    await world.installation.expect(0, ["scale", app.name, `${other}`]);
    app.instances = other;
  }
  return { app, args: ["scale", app.name, `${instances}`, "--json"], outcome: "done", answer: current(app), instances };
};

const destruction = async (world: World, outcome: "off" | "gone"): Promise<Act> => {
  const app = await appWithHistory(world, world.newName());
  return { app, args: ["destroy", app.name, ...(outcome === "gone" ? ["--purge"] : []), "--yes", "--json"], outcome, answer: current(app) };
};

const restoration = async (world: World): Promise<Act> => {
  const app = await appWithHistory(world, world.newName());
  await world.installation.expect(0, ["destroy", app.name, "--yes"]);
  return { app, args: ["restore", app.name, "--json"], outcome: "live", answer: current(app), isOff: true };
};

const same = async (world: World, args: (app: string) => string[]): Promise<Act> => {
  const app = await appNamed(world, "shop");
  return { app, args: args(app.name), outcome: "live", answer: current(app) };
};

const runc = 'sandbox = "runc"';

export const scenarios: Record<ScenarioName, (world: World, random: Random) => Promise<Act>> = {
  deploy: (world) => deployment(world),
  "deploy with a build": (world) => deployment(world, '[build]\ncommand = "sleep 0.6 && date +%N > built"\n'),
  "deploy with a release command": (world) => deployment(world, `[run]\n${runc}\nrelease_command = "sleep 0.4"\n`),
  "failed build": (world) => failing(world, { toml: '[build]\ncommand = "sleep 0.4; exit 3"\n', code: "build_failed" }),
  "failed start": (world) => failing(world, { toml: `[run]\n${runc}\ncommand = "sleep 0.2; exit 5"\n`, code: "exited" }),
  rollback,
  restart: (world) => same(world, (app) => ["restart", app, "--json"]),
  configuration: (world) => same(world, (app) => ["env", "set", app, `COLOUR=${world.newAnswer()}`, "--json"]),
  "scale up": (world) => scale(world, 2),
  "scale down": (world) => scale(world, 1),
  destroy: (world) => destruction(world, "off"),
  purge: (world) => destruction(world, "gone"),
  restore: restoration,
};
