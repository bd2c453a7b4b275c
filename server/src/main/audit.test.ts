// The audit's books, read from a real PostgreSQL: rows that contradict one another are found, and nothing else.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Books, readBooks } from "../control/audit/books.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
  await plane.client.call("apps.create", { app: "shop" });
});
after(() => plane.stop());

const contradictions = ({ workloads: _, artifacts: __, ...rows }: Books): string[] =>
  Object.entries(rows)
    .filter(([, found]) => found.length > 0)
    .map(([name]) => name);

/** Reads the books after `change`, which is taken back. */
const booksAfter = async (change: string): Promise<string[]> => {
  let found: string[] = [];
  const undo = new Error("undo");
  await plane.database
    .begin(async (query) => {
      await query.unsafe(lived);
      await query.unsafe(change);
      found = contradictions(await readBooks(query));
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return found;
};

/** An app with one live release, complete. */
const lived = `
  insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment, live_at)
    select 'rel_1', id, 1, 'sha256:1', '{}', '{}', '{}', 'dep_1', now() from apps where name = 'shop';
  insert into deployments (id, app_id, tenant, kind, state, request, release_id, release, workload)
    select 'dep_1', id, 'local', 'deploy', 'live', '{}', 'rel_1', 1, 'dep_1' from apps where name = 'shop';
  insert into workloads (id, app_id, release_id, desire, instances) select 'dep_1', id, 'rel_1', 'running', 1 from apps where name = 'shop';
  insert into routes (host, path, app_id, deployment) select 'shop.slip.localhost', '/', id, 'dep_1' from apps where name = 'shop';
  update apps set live_deployment = 'dep_1' where name = 'shop';`;

const failed = `insert into deployments (id, app_id, tenant, kind, state, request) select 'dep_2', id, 'local', 'deploy', 'failed', '{}' from apps where name = 'shop';`;
const running = failed.replace("failed", "running");
const unlived = `insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment)
  select 'rel_2', id, 2, 'sha256:2', '{}', '{}', '{}', 'dep_2' from apps where name = 'shop';`;
const strayRoute = "update routes set deployment = 'dep_2';";

const destroyed = `
  delete from routes; delete from workloads;
  update apps set destroyed_at = now(), live_before = live_deployment, live_deployment = null where name = 'shop';`;

const cases: [string, string, string[]][] = [
  ["a destroyed app as it should be", destroyed, []],
  [
    "a destroyed app that has a route",
    `${destroyed} insert into routes (host, path, app_id, deployment) select 'a.b', '/', id, 'dep_1' from apps`,
    ["strayRoutes"],
  ],
  [
    "a destroyed app that has a workload, retired or not",
    `${destroyed} insert into workloads (id, app_id, release_id, desire, instances, retired_at) select 'dep_3', id, 'rel_1', 'parked', 1, now() from apps`,
    ["strayWorkloads"],
  ],
  ["a destroyed app whose release is not kept", `${destroyed} delete from releases`, ["unrestorable"]],
  ["an app as it should be", "", []],
  ["a live deployment that has failed", "update deployments set state = 'failed' where id = 'dep_1'", ["halfLive"]],
  ["a live deployment whose workload is gone", "delete from workloads", ["halfLive"]],
  ["a live release that was never live", "update releases set live_at = null", ["halfLive", "unlived"]],
  ["a release of a deployment that has failed", failed + unlived, ["unlived"]],
  ["a release of a deployment that is under way", running + unlived, []],
  ["routes to a deployment that has failed", failed + strayRoute, ["strayRoutes"]],
  ["routes to a deployment that is under way", running + strayRoute, []],
  ["a live app without routes", "delete from routes", ["unrouted"]],
  ["a host name that came with a deployment that has failed", `${failed} update domains set brought_by = 'dep_2'`, ["strayDomains"]],
  [
    "a workload that serves nobody",
    "insert into workloads (id, app_id, release_id, desire, instances) select 'dep_3', app_id, 'rel_1', 'running', 1 from workloads",
    ["strayWorkloads"],
  ],
];
for (const [name, change, expected] of cases)
  test(`${name}: ${expected.join(", ") || "nothing"}`, async () => assert.deepEqual(await booksAfter(change), expected));
