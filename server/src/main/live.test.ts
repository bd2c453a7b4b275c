// What becoming live changes, by a real database: all of it, or nothing.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { readConfig } from "#platform/config.ts";
import { openDatabase, type Query } from "#platform/database.ts";
import { connectionOf } from "#platform/postgres.ts";
import { isKept } from "../control/deployments/deployment-store.ts";
import { type Live, makeLive } from "../control/deployments/live-store.ts";
import { Warmer } from "../control/deployments/warm.ts";
import { rollable } from "../control/releases/release-store.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

const row = { id: "dep_2", appId: "app_1", app: "shop", workload: "dep_2" };
const deployment = {
  deployment: "dep_2",
  app: "shop",
  project: "default",
  tenant: "ten",
  kind: "rollback",
  state: "live",
  phases: [],
  createdAt: "2026-01-01T00:00:00.000Z",
} as const satisfies Live["told"]["deployment"];
const told = { deployment: { ...deployment, phases: [] }, hostUrl: "https://{host}:8443" };
const live: Live = { row, release: { id: "rel_2", number: 2 }, phases: [{ name: "switch", ms: 1 }], told };

describe("becoming live", () => {
  let plane: ControlPlane;

  /** Release 1 is live, release 2 is being made live and brought a host name, a workload of before was retired by a clock that was ahead. */
  const begin = async (): Promise<void> => {
    const { database } = plane;
    await database`delete from outbox`;
    await database`delete from workloads`;
    await database`delete from apps`;
    await database`insert into apps (id, tenant, project_id, environment_id, name, live_deployment) values ('app_1', 'ten', 'prj_1', 'env_1', 'shop', 'dep_1')`;
    for (const number of [1, 2]) {
      await database`
        insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment, live_at)
        values (${`rel_${number}`}, 'app_1', ${number}, 'a', '{}', '{}', '{}', ${`dep_${number}`}, ${number === 1 ? new Date() : null})`;
      await database`
        insert into deployments (id, app_id, tenant, kind, state, phase, request, release_id)
        values (${`dep_${number}`}, 'app_1', 'ten', 'deploy', ${number === 1 ? "live" : "running"}, ${number === 1 ? null : "prove"}, '{}', ${`rel_${number}`})`;
      await database`insert into workloads (id, app_id, release_id, desire, instances) values (${`dep_${number}`}, 'app_1', ${`rel_${number}`}, 'running', 1)`;
    }
    await database`
      insert into workloads (id, app_id, release_id, desire, instances, retired_at) values ('dep_0', 'app_1', 'rel_1', 'parked', 1, now() + interval '1 hour')`;
    await database`insert into domains (host, tenant, app_id, brought_by) values ('shop.example', 'ten', 'app_1', 'dep_2')`;
  };

  const seen = async () => {
    const { database } = plane;
    const [deployment] = await database`select state, phase, ended_at is not null as ended from deployments where id = 'dep_2'`;
    const [app] = await database`select live_deployment from apps`;
    const [release] = await database`select live_at is not null as lived from releases where id = 'rel_2'`;
    const workloads = await database`select id from workloads where retired_at is not null order by retired_at`;
    const [domain] = await database`select brought_by from domains`;
    const told = await database`select topic, subject, payload from outbox order by topic`;
    return { ...deployment, ...app, ...release, ...domain, retired: workloads.map(({ id }) => id as string), told: told.map((event) => ({ ...event })) };
  };
  /** What a rollback writes to. */
  const tables = ["apps", "deployments", "domains", "idempotency_keys", "journal", "outbox", "releases", "route_changes", "route_table", "routes", "workloads"];
  const allRows = async (): Promise<unknown[]> => {
    const { database } = plane;
    return Promise.all(tables.map((table) => database`select t::text from ${database(table)} t order by 1`.values()));
  };
  const endedAt = async () => {
    const [row] = await plane.database<{ endedAt: Date }[]>`select ended_at from deployments where id = 'dep_2'`;
    return { endedAt: row?.endedAt.toISOString() };
  };
  const createdAt = async () => {
    const [row] = await plane.database<{ createdAt: Date }[]>`select created_at from domains where host = 'shop.example'`;
    return { createdAt: row?.createdAt.toISOString() };
  };
  const asBefore = { state: "running", phase: "prove", ended: false, liveDeployment: "dep_1", lived: false, broughtBy: "dep_2", retired: ["dep_0"], told: [] };

  before(async () => {
    plane = await startControlPlane();
    const { database } = plane;
    await database`insert into tenants (tenant) values ('ten')`;
    await database`insert into projects (id, tenant, name) values ('prj_1', 'ten', 'default')`;
    await database`insert into environments (id, project_id, name) values ('env_1', 'prj_1', 'production')`;
  });
  after(() => plane.stop());
  beforeEach(begin);

  it("changes all that follows from it, and retires what served after all that were retired before", async () => {
    assert.equal(await makeLive(plane.database, live), true);
    assert.deepEqual(await seen(), {
      state: "live",
      phase: null,
      ended: true,
      liveDeployment: "dep_2",
      lived: true,
      broughtBy: null,
      retired: ["dep_0", "dep_1"],
      told: [
        { topic: "deployment.live", subject: "dep_2", payload: { ...deployment, ...(await endedAt()) } },
        {
          topic: "domain.added",
          subject: "shop.example",
          payload: { domain: "shop.example", app: "shop", url: "https://shop.example:8443", ...(await createdAt()) },
        },
        { topic: "release.rolled_back", subject: "dep_2", payload: { ...deployment, ...(await endedAt()) } },
      ],
    });
  });

  it("changes nothing when the deployment is to be cancelled", async () => {
    await plane.database`update deployments set cancel_requested_at = now() where id = 'dep_2'`;
    assert.equal(await makeLive(plane.database, live), false);
    assert.deepEqual(await seen(), asBefore);
  });

  it("changes nothing when the deployment has ended", async () => {
    await plane.database`update deployments set state = 'failed', phase = null, ended_at = now() where id = 'dep_2'`;
    assert.equal(await makeLive(plane.database, live), false);
    assert.deepEqual(await seen(), { ...asBefore, state: "failed", phase: null, ended: true });
  });

  it("is what an app goes back to afterwards: what was live, what is there of it, and what serves now", async () => {
    const { database } = plane;
    const before = await rollable(database, "ten", "shop");
    assert.deepEqual([before.liveDeployment, before.live?.number, before.lived], ["dep_1", 1, [1]]);
    assert.deepEqual(
      before.parked.map(({ number, parked }) => [number, parked.id]),
      [[1, "dep_0"]],
    );
    await makeLive(database, live);
    const { liveDeployment, live: now, lived, parked } = await rollable(database, "ten", "shop");
    assert.deepEqual([liveDeployment, now?.id, lived.toSorted(), parked.map((it) => it.parked)], ["dep_2", "rel_2", [1, 2], [{ id: "dep_1", targets: [] }]]);
    await database`delete from workloads`;
    await database`update apps set live_deployment = null`;
    assert.deepEqual(await rollable(database, "ten", "shop"), { liveDeployment: null, live: undefined, lived: [1, 2], parked: [] });
    assert.deepEqual(await rollable(database, "other", "shop"), { liveDeployment: null, live: undefined, lived: [], parked: [] });
  });

  it("is kept with all that was written before, once that is asked for", async () => {
    const { database, home } = plane;
    const progress = openDatabase(connectionOf(home, readConfig({ SLIP_HOME: home.root })), { durable: false, max: 1 });
    try {
      await progress`update deployments set commit = 'abc' where id = 'dep_2'`;
      const [written] = await progress<{ at: string }[]>`select pg_current_wal_insert_lsn()::text as at`;
      assert.equal(await isKept(database, "dep_2"), true);
      const [flushed] = await database<{ is: boolean }[]>`select pg_current_wal_flush_lsn() >= ${written?.at ?? ""}::pg_lsn as is`;
      assert.equal(flushed?.is, true);
      assert.equal(await isKept(database, "dep_9"), false);
    } finally {
      await progress.end();
    }
  });

  it("is asked of nothing ahead, on every connection, so that it need not be planned, and that changes nothing", async () => {
    const { home, installation } = plane;
    const pool = openDatabase(connectionOf(home, readConfig({ SLIP_HOME: home.root })), { max: 2 });
    const onEach = (act: (query: Query) => Promise<void>): Promise<unknown> => Promise.all([pool.begin(act), pool.begin(act)]);
    const planned = async (query: Query): Promise<string[]> =>
      (await query<{ statement: string }[]>`select statement from pg_prepared_statements order by 1`).map(({ statement }) => statement);
    try {
      const warmer = new Warmer();
      const look = () => warmer.look({ database: pool, progress: pool, installation });
      await plane.database`update workloads set desire = 'running' where id = 'dep_0'`;
      await look();
      await onEach(async (query) => assert.ok(!(await planned(query)).some((statement) => statement.includes("with ended as"))));
      await plane.database`update workloads set desire = 'parked' where id = 'dep_0'`;
      const before = await allRows();
      await look();
      assert.deepEqual(await allRows(), before);
      await onEach(async (query) => {
        const known = await planned(query);
        assert.ok(["idle_app", "parked as", "point_routes", "with ended as"].every((part) => known.some((statement) => statement.includes(part))));
        await makeLive(query, live);
        assert.deepEqual(await planned(query), known);
      });
    } finally {
      await pool.end();
    }
  });
});
