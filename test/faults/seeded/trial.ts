// One seeded run: a command is given, a process is killed in the midst of it under load, and everything is as it must be in the end.
import assert from "node:assert/strict";
import { type Sample, steadyLoad } from "../../e2e/load.ts";
import { type Case, caseOf } from "./cases.ts";
import { randomOf } from "./random.ts";
import { type Act, scenarios } from "./scenarios.ts";
import { Strike } from "./strike.ts";
import { nothingIsLeft, outcomeHolds } from "./verdict.ts";
import type { World } from "./world.ts";

const perSecond = 8;
const commandMs = 150_000;

export const nameOf = ({ scenario, step, moment, process }: Case): string => `${scenario}: ${process} killed ${moment} ${step}`;

/** A connection that a dead edge had taken breaks; a new one must never be refused. */
const isBrokenOff = ({ failure = "" }: Sample): boolean => /ECONNRESET|socket hang up|EPIPE|aborted/.test(failure);

const serveAllTheWhile = (samples: readonly Sample[], { app, outcome, answer, isOff }: Act, { process }: Case): void => {
  const allowed = new Set([app.answers.get(app.live), answer]);
  const failed = samples.filter((sample) => sample.failure !== undefined && !(process === "edge" && isBrokenOff(sample)));
  assert.deepEqual(
    failed.map(({ failure }) => failure),
    [],
    "requests failed",
  );
  if (outcome === "gone" || outcome === "off") return;
  const others = samples.filter(({ failure, body, status }) => failure === undefined && !allowed.has(body) && !(isOff && status === 404));
  assert.deepEqual(others, [], "something else answered");
};

export interface Passed {
  case: Case;
  ms: number;
  /** From the end of the command until nothing was left over. */
  drainedMs: number;
  requests: number;
}

/** A release command may have done its work when what looked after it is killed: it is not run again, and the deployment fails. */
const actOf = ({ process, step }: Case, act: Act): Act =>
  process === "conmon" && step === "host.runJob" ? { ...act, outcome: "either", code: "release_command_failed" } : act;

/** Rejects with what does not hold. The same seed does the same again, as far as time can be repeated. */
export const trial = async (world: World, seed: number): Promise<Passed> => {
  const begun = performance.now();
  const of = caseOf(seed);
  const random = randomOf(seed);
  const act = actOf(of, await scenarios[of.scenario](world, random));
  await nothingIsLeft(world);
  const { deployments } = await world.client.call("deployments.list", { app: act.app.name, limit: 500 });
  const before = new Set<string>(deployments.map(({ deployment }) => deployment));
  const wasLive = { ...act.app, answers: new Map(act.app.answers) };
  const load = steadyLoad(world.installation, act.app.name, { perSecond });
  const strike = new Strike(world, of, random);
  try {
    const [ran, killed] = await Promise.all([world.installation.slip(act.args, { timeoutMs: commandMs }), strike.done()]);
    await world.allReady(killed);
    await outcomeHolds(world, act, { ran, before });
  } finally {
    await load.stop();
  }
  serveAllTheWhile(load.samples, { ...act, app: wasLive }, of);
  const drainedMs = await nothingIsLeft(world);
  return { case: of, ms: performance.now() - begun, drainedMs, requests: load.samples.length };
};
