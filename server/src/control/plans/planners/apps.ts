// What operations on apps would do.
import type { PlanInterrupt } from "@slipstream/contract/plan.ts";
import { wishedBy } from "../../access/caps.ts";
import { keyWithin } from "../../api/idempotency.ts";
import { expectDestroyed } from "../../apps/app-store.ts";
import { isThereAlready, nameOfAnother, noLiveRelease } from "../../apps/refusals.ts";
import { begunBefore } from "../../deployments/create.ts";
import { defaultHost, supersededBy } from "../../deployments/deployment.ts";
import { expectWithin } from "../../workloads/scaling.ts";
import { type AppRows, readApp, readKeptApp } from "../app-rows.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { fingerprintOfName } from "../fingerprint-store.ts";
import { type Planned, planner } from "../planner.ts";
import { counted, drainInterrupt, quotaOf, supersededInterrupts, switchInterrupts } from "../words.ts";

interface NameRows {
  fingerprint: Fingerprint;
  /** Of the app that has the name. */
  owner: "nobody" | "us" | "others";
}

const create = planner<"apps.create", NameRows>({
  read: ({ snapshot, call }, { app }) =>
    snapshot(async (query) => {
      const [row] = await query<{ tenant: string }[]>`select tenant from apps where name = ${app}`;
      const owner = row === undefined ? "nobody" : row.tenant === call.tenant ? "us" : "others";
      return { fingerprint: await fingerprintOfName(query, call.tenant, app), owner };
    }),
  plan({ app }, { owner }) {
    if (owner !== "nobody") throw owner === "us" ? isThereAlready(app) : nameOfAnother(app);
    return {
      app,
      changes: [...change("app", undefined, app), ...change(`domain ${defaultHost(app)}`, undefined, "reserved")],
      interrupts: [],
      quota: [],
      inverse: { operation: "apps.destroy", input: { app } },
    };
  },
  again: ({ perform, call }, { app }) => perform(call, "apps.get", { app }),
});

const scale = planner<"apps.scale", AppRows>({
  read: (reading, { app }) => readApp(reading, app),
  plan({ app, instances }, { app: { serving }, live }) {
    if (live === undefined) throw noLiveRelease(app);
    expectWithin(live.config, { app, instances });
    return {
      app,
      changes: change("instances", String(serving), String(instances)),
      interrupts: instances < serving ? [drainInterrupt(counted(serving - instances, "instance"), "They end after the last requests to them.")] : [],
      quota: [quotaOf("instancesMax", instances)],
      inverse: { operation: "apps.scale", input: { app, instances: Math.max(1, serving) } },
    };
  },
});

const restart = planner<"apps.restart", AppRows>({
  read: (reading, { app }) => readApp(reading, app),
  plan({ app }, rows) {
    if (rows.live === undefined) throw noLiveRelease(app);
    const { serving } = rows.app;
    return {
      app,
      changes: change("instances", counted(serving, "instance"), `${serving} new ones of release ${rows.live.number}`),
      interrupts: [...switchInterrupts(rows), ...supersededInterrupts(rows, supersededBy("restart"))],
      quota: [],
    };
  },
});

const gone = (what: string, names: readonly string[], from: string) => names.flatMap((name) => change(`${what} ${name}`, from, undefined));

/** All who can reach it now, and what is under way. */
const endInterrupts = ({ live, domains, open }: AppRows): PlanInterrupt[] => [
  ...(live === undefined ? [] : domains.map(({ host }) => ({ what: `requests to ${host}`, why: "The app is no longer served; they are answered with 404." }))),
  ...open.map(({ id, kind, state }) => ({ what: `the deployment ${id} (${kind}), which is ${state}`, why: "It is cancelled." })),
];

/** Nothing of the app is kept. */
const purge = (app: string, rows: AppRows): Planned => {
  const { env, secrets, domains, releases } = rows;
  return {
    app,
    changes: [
      ...change("app", app, undefined),
      ...(rows.live === undefined ? [] : change("instances", String(rows.app.serving), undefined)),
      ...(releases.length === 0 ? [] : change("releases", releases.map(({ number }) => number).join(", "), undefined)),
      ...gone(
        "domain",
        domains.map(({ host }) => host),
        "served",
      ),
      ...gone("env", Object.keys(env), "set"),
      ...gone("secret", Object.keys(secrets), "set"),
      ...change("logs", "kept", undefined),
    ],
    interrupts: endInterrupts(rows),
    quota: [],
  };
};

const stateOf = ({ live }: AppRows): string => (live === undefined ? "new" : "live");

/** What the app has is kept, and nobody reaches it. */
const takeOff = (app: string, rows: AppRows): Planned => {
  expectDestroyed(rows.app, false);
  return {
    app,
    changes: [
      ...change("app", stateOf(rows), "destroyed, and kept for a while"),
      ...(rows.live === undefined ? [] : change("instances", String(rows.app.serving), undefined)),
      ...(rows.live === undefined ? [] : rows.domains.flatMap(({ host }) => change(`domain ${host}`, "served", "kept"))),
    ],
    interrupts: endInterrupts(rows),
    quota: [],
    inverse: { operation: "apps.restore", input: { app } },
  };
};

const destroy = planner<"apps.destroy", AppRows>({
  read: (reading, { app }) => readKeptApp(reading, app),
  plan: ({ app, purge: isPurge }, rows) => (isPurge ? purge(app, rows) : takeOff(app, rows)),
});

const restore = planner<"apps.restore", AppRows>({
  read: (reading, { app }) => readKeptApp(reading, app),
  plan({ app }, rows) {
    expectDestroyed(rows.app, true);
    const { releaseBefore: release } = rows.app;
    const target = rows.releases.find(({ number }) => number === release);
    return {
      app,
      changes: [
        ...change("app", "destroyed", release === null ? "new" : "live"),
        ...(release === null ? [] : change("release", undefined, String(release))),
        ...(release === null ? [] : rows.domains.flatMap(({ host }) => change(`domain ${host}`, "kept", "served"))),
      ],
      interrupts: [],
      quota: [],
      wished: target && wishedBy(target.config),
      inverse: { operation: "apps.destroy", input: { app } },
    };
  },
  async again({ control, call }, { app }) {
    const { idempotencyKey: key } = call;
    const deployment = key === undefined ? undefined : await begunBefore(control, { ...call, idempotencyKey: keyWithin(key, "apps.restore") });
    return { app, ...(deployment === undefined ? {} : { deployment }) };
  },
});

export const appPlanners = { "apps.create": create, "apps.scale": scale, "apps.restart": restart, "apps.destroy": destroy, "apps.restore": restore };
