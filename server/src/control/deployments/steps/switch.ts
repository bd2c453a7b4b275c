// Phases "switch" and "prove", and the end: from here on requests reach the new release.
import { isDeepStrictEqual } from "node:util";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Proof } from "@slipstream/contract/ports/edge.ts";
import type { Phase } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import { tellOfApp } from "../../apps/app-events.ts";
import { addressOf } from "../../control.ts";
import { envValues, replaceEnv } from "../../env/env-store.ts";
import { type ReleaseRow, restored } from "../../releases/release.ts";
import { pointRoutesBy, type Route } from "../../routes/pointing.ts";
import type { Read } from "../../routes/route-publisher.ts";
import { changedOf } from "../../routes/route-store.ts";
import { replaceSecrets, secretVersions } from "../../secrets/secret-store.ts";
import { defaultHost, toDeployment } from "../deployment.ts";
import { type Live, makeLive, served } from "../live-store.ts";
import { ProgressLost } from "../lost-progress.ts";
import type { Run } from "../run.ts";
import { endingOf, tell } from "../story.ts";
import { Ahead } from "./ahead.ts";
import { freshProofs, prove } from "./prove.ts";
import { releaseOfRun } from "./release.ts";
import { DeploymentCancelled, type Step } from "./step.ts";

/** Where to ask for proof: the health path where a route serves it, else the route itself. */
const placeOf = ({ row }: Run, release: ReleaseRow, routes: readonly Route[]): Proof => {
  const route = routes.find(({ host }) => host === defaultHost(row.app)) ?? routes[0];
  if (!route) throw new SlipError("internal", "The release has no route.");
  const path = release.config.health?.path;
  return { host: route.host, path: path?.startsWith(route.path) ? path : route.path };
};

const expectedOf = ({ row }: Run, { artifact }: ReleaseRow) => ({ deployment: row.id, artifact, workload: row.workload ?? row.id });

interface Settings {
  env: Record<string, string>;
  secretVersions: Record<string, number>;
}

const settingsOf = async (query: Query, appId: string): Promise<Settings> => {
  const [env, versions] = await Promise.all([envValues(query, appId), secretVersions(query, appId)]);
  return { env, secretVersions: versions };
};

/** Rollback gives back the settings of its release too; what is staged stays staged. */
const restoreSettings = async (query: Query, appId: string, of: { current: Settings; live: Settings; target: Settings }): Promise<void> => {
  const { current, live, target } = of;
  const env = restored({ current: current.env, live: live.env, target: target.env });
  const versions = restored({ current: current.secretVersions, live: live.secretVersions, target: target.secretVersions });
  if (!isDeepStrictEqual(env, current.env)) await replaceEnv(query, appId, env);
  if (!isDeepStrictEqual(versions, current.secretVersions)) await replaceSecrets(query, appId, versions);
};

/** The release that serves until now, where its settings go with it: those of a release that has the same stay what they are. */
const leaving = ({ row, replaced }: Run, { env, secretVersions: versions }: ReleaseRow): ReleaseRow | undefined =>
  row.kind === "rollback" && replaced && !isDeepStrictEqual([replaced.env, replaced.secretVersions], [env, versions]) ? replaced : undefined;

/** The deployment as it is once it is live, for those who are told. */
const toldOf = ({ control, row }: Run, release: ReleaseRow, phases: Phase[]): Live["told"] => {
  const { artifact, source, commit, number } = release;
  const live = { ...row, state: "live", phase: null, phases, failure: null, endedAt: null, release: number, artifact } as const;
  const known = { source: source ?? row.source, commit: commit ?? row.commit };
  return { deployment: toDeployment({ ...live, ...known }, control.installation), hostUrl: addressOf(control.installation, "{host}") };
};

/** What else changes with it, where something does: most become live by one statement alone. */
const alongside = (run: Run, release: ReleaseRow): ((query: Query) => Promise<void>) | undefined => {
  const { control, row } = run;
  const { appId } = row;
  if (row.kind === "restore") return (query) => tellOfApp(query, control.installation, { topic: "app.restored", appId });
  const live = leaving(run, release);
  return live && ((query) => settingsOf(query, appId).then((current) => restoreSettings(query, appId, { current, live, target: release })));
};

const commitLive = async (run: Run, release: ReleaseRow): Promise<void> => {
  const { control, row } = run;
  const phases = run.closed();
  await run.settled();
  const of = { row, release, phases, told: toldOf(run, release, phases) };
  const more = alongside(run, release);
  const isLive = more
    ? await control.database.begin(async (query) => {
        if (!(await makeLive(query, of))) return false;
        await more(query);
        return true;
      })
    : await makeLive(control.database, of);
  if (!isLive) throw new DeploymentCancelled();
  run.learn({ state: "live", phase: null, phases, endedAt: new Date() });
  tell(control, run.row, endingOf(run.row));
  control.changes.emit(row.id, toDeployment(run.row, control.installation));
};

/**
 * From here on requests come to it. All that the routes are made of is written down once more, in this statement, for good. Gives what that
 * changed in the route table, too: edges wait for it.
 */
const serve = async ({ control, row }: Run, release: ReleaseRow): Promise<{ routes: Route[]; read: Read }> => {
  const { source, commit, artifact, number } = release;
  const workload = row.workload ?? row.id;
  const from = control.routes.served;
  const known = { ...(source === null ? {} : { source }), ...(commit === null ? {} : { commit }) };
  const serving = { id: row.id, workload, facts: { releaseId: release.id, release: number, artifact, workload, ...known }, from };
  const of = { appId: row.appId, deployment: row.id, release, hosts: [defaultHost(row.app)] };
  const pointed = await pointRoutesBy(control.database, of, (query, point) => served(query, serving, point));
  if (!pointed) throw new ProgressLost(`The workload ${workload} is not there.`);
  return { routes: pointed.routes, read: { from, changed: changedOf(pointed.rows, from) } };
};

/**
 * Of what has answered many before one answer is enough, which an edge asks itself for once it has the routes. Where it has none in time, or
 * not of this release, that is asked for from outside, as often as it takes.
 */
const proveAgain = async (run: Run, release: ReleaseRow): Promise<void> => {
  const { routes, read } = await serve(run, release);
  const place = placeOf(run, release, routes);
  const { written, answer } = await orUnproven(run.control.routes.serve({ ...read, proof: place }));
  run.signal.throwIfAborted();
  run.enter("prove");
  const expected = { ...place, ...expectedOf(run, release), proofs: 1, answer };
  await Promise.all([prove(run.control, expected, run.signal), orUnproven(written)]);
};

/** What is new is asked from outside alone, as its visitors will: the connection is made meanwhile. */
const proveFresh = async (run: Run, release: ReleaseRow): Promise<void> => {
  const { control } = run;
  const ahead = new Ahead(control, defaultHost(run.row.app));
  try {
    const { routes, read } = await serve(run, release);
    const { written } = await orUnproven(control.routes.serve(read));
    run.signal.throwIfAborted();
    run.enter("prove");
    const expected = { ...placeOf(run, release, routes), ...expectedOf(run, release), proofs: freshProofs, ahead };
    await Promise.all([prove(control, expected, run.signal), orUnproven(written)]);
  } finally {
    ahead.close();
  }
};

/** Switches all routes at once, waits for the edges, proves, and makes it final. */
export const switchAndProve: Step = async (run) => {
  run.enter("switch");
  const release = await releaseOfRun(run);
  await (run.row.kind === "rollback" ? proveAgain : proveFresh)(run, release);
  await commitLive(run, release);
};

const orUnproven = async <T>(publishing: Promise<T>): Promise<T> => {
  try {
    return await publishing;
  } catch (error) {
    if (!(error instanceof SlipError)) throw error;
    throw new SlipError("not_proven", "The edge did not take the new routes.", { evidence: [error.message] });
  }
};
