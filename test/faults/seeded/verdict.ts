// What must hold after a process was killed: exactly one outcome, told alike by everybody; no half state; nothing left over.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import { z } from "zod";
import type { Ran } from "../../e2e/installation.ts";
import { underWay } from "./restate-journal.ts";
import type { Act } from "./scenarios.ts";
import type { KnownApp, World } from "./world.ts";

/** What the issue promises: the journal is drained, and nothing is left over, within this time. */
const drainMs = 60_000;
const lookMs = 250;

const Told = z.object({
  deployment: z.string(),
  release: z.number().nullable(),
  outcome: z.enum(["live", "failed", "cancelled"]),
  failure: z.object({ code: z.string(), nextActions: z.array(z.string()).min(1) }).optional(),
});
type Told = z.infer<typeof Told>;

/** A change of configuration tells its deployment beside the names that it changed. */
const toldBy = ({ stdout, stderr, code }: Ran): Told => {
  const told = Told.or(z.object({ deployment: Told }).transform(({ deployment }) => deployment)).safeParse(JSON.parse(stdout || "null"));
  if (!told.success) return assert.fail(`the command ended with ${code} and said ${stdout} ${stderr}`);
  return told.data;
};

/** The database says the same as the command. */
const agree = (told: Told, row: Deployment, known: KnownApp): void => {
  assert.equal(row.state, told.outcome, "the state in the database is the outcome that was told");
  assert.equal(row.failure?.code, told.failure?.code, "the report is the one that was told");
  assert.equal(row.release, told.release ?? undefined, `the release: ${JSON.stringify(row)}`);
  assert.equal(row.phase, undefined, "no phase runs any more");
  assert.ok(row.endedAt !== undefined);
  if (told.outcome === "live") assert.ok(row.release !== undefined);
  assert.equal(row.app, known.name);
};

/** The app as everybody sees it: its row, its releases, and what answers at its address. */
const servesItsRelease = async ({ client, installation }: World, app: KnownApp): Promise<void> => {
  const [row, { releases }] = await Promise.all([client.call("apps.get", { app: app.name }), client.call("releases.list", { app: app.name })]);
  assert.equal(row.release, app.live, "the live release by the app's row");
  assert.deepEqual(
    releases.filter(({ state }) => state === "live").map(({ release }) => release),
    [app.live],
    "the live release by the list of releases",
  );
  assert.equal(row.instances, app.instances, "instances that serve");
  for (const { release } of releases) assert.ok(app.answers.has(release), `release ${release} is of no deployment that became live`);
  const { status, body } = await installation.request(app.name);
  assert.deepEqual({ status, body }, { status: 200, body: app.answers.get(app.live) }, "what the edge serves");
};

const deploymentEnded = async (world: World, act: Act, of: { ran: Ran; before: ReadonlySet<string> }): Promise<void> => {
  const { app, outcome, code, answer } = act;
  const told = toldBy(of.ran);
  const { deployments } = await world.client.call("deployments.list", { app: app.name, limit: 500 });
  const made = deployments.filter(({ deployment }) => !of.before.has(deployment));
  assert.deepEqual(
    made.map(({ deployment }) => deployment),
    [told.deployment],
    "one command is one deployment",
  );
  const row = made[0];
  assert.ok(row);
  agree(told, row, app);
  if (outcome !== "either") assert.equal(told.outcome, outcome, `the outcome: ${JSON.stringify(row.failure)}`);
  if (code !== undefined && told.outcome === "failed") assert.equal(told.failure?.code, code);
  if (told.outcome === "live" && told.release !== null) {
    app.answers.set(told.release, answer);
    app.live = told.release;
  }
  await servesItsRelease(world, app);
};

const taskEnded = async (world: World, { app, instances }: Act, { ran }: { ran: Ran }): Promise<void> => {
  assert.equal(ran.code, 0, `${ran.stdout} ${ran.stderr}`);
  app.instances = instances ?? app.instances;
  await servesItsRelease(world, app);
};

/** Folders of an app's lines, in whichever process's. */
const linesOf = ({ home }: World, app: string): string[] =>
  readdirSync(join(home, "logs"), { recursive: true, encoding: "utf8" }).filter((path) => basename(path) === app);

const appEnded = async (world: World, { app, outcome }: Act, { ran }: { ran: Ran }): Promise<void> => {
  assert.equal(ran.code, 0, `${ran.stdout} ${ran.stderr}`);
  const row = await world.client.call("apps.get", { app: app.name }).catch((reason: unknown) => reason);
  const { status } = await world.installation.request(app.name);
  assert.equal(status, 404, "nobody answers for it");
  world.apps.delete(app.name);
  if (outcome === "gone") {
    assert.ok(row instanceof SlipError && row.code === "not_found", "the app is gone");
    assert.deepEqual(linesOf(world, app.name), [], "no line of it is kept");
    return;
  }
  assert.partialDeepStrictEqual(row, { state: "destroyed", instances: 0 });
  const { releases } = await world.client.call("releases.list", { app: app.name });
  assert.deepEqual(new Set(releases.map(({ release }) => release)), new Set(app.answers.keys()), "its releases are kept");
  assert.notDeepEqual(linesOf(world, app.name), [], "its lines are kept");
};

/** The one outcome of the command. */
export const outcomeHolds = (world: World, act: Act, of: { ran: Ran; before: ReadonlySet<string> }): Promise<void> => {
  if (act.outcome === "gone" || act.outcome === "off") return appEnded(world, act, of);
  return act.outcome === "done" ? taskEnded(world, act, of) : deploymentEnded(world, act, of);
};

/** What is not drained, or not as it should be; empty when all is well. */
const leftOver = async ({ client, home }: World): Promise<string[]> => {
  const [status, { findings }, invocations] = await Promise.all([client.call("platform.status", {}), client.call("platform.audit", {}), underWay(home)]);
  return [
    ...(status.deploymentsOpen > 0 ? [`${status.deploymentsOpen} deployments are open`] : []),
    ...invocations,
    ...findings.map(({ problem, kind, name, detail }) => `${problem} ${kind} ${name}: ${detail}`),
  ];
};

/** Resolves when everything is drained and the auditor finds nothing. Rejects with what is left after a minute. */
export const nothingIsLeft = async (world: World): Promise<number> => {
  const begun = performance.now();
  let left: string[] = [];
  for (; performance.now() - begun < drainMs; await pause(lookMs)) {
    left = await leftOver(world).catch((error: unknown) => [`the audit: ${error}`]);
    if (left.length === 0) return performance.now() - begun;
  }
  return assert.fail(`after ${drainMs} ms there is left: ${left.join("; ")}`);
};
