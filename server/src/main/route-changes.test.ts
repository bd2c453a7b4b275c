// What PostgreSQL notes of changes of the route table, and that edges and the disk come to the same table by it as by the whole.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { callers } from "@slipstream/contract/ports/calls.ts";
import { edgeCalls } from "@slipstream/contract/ports/edge.ts";
import { TableSum } from "@slipstream/contract/ports/route-table.ts";
import { readTableFile } from "@slipstream/contract/ports/table-file.ts";
import { TableReceiver } from "@slipstream/contract/ports/table-receiver.ts";
import { type Authority, authorityIn } from "../control/certificates/authority.ts";
import { ensureCertificate } from "../control/certificates/certificate-store.ts";
import { served } from "../control/deployments/live-store.ts";
import { keyFile } from "../control/keys/key-files.ts";
import type { KeyRing } from "../control/keys/key-ring.ts";
import { openKeys } from "../control/keys/rotation.ts";
import { pointRoutes, pointRoutesBy } from "../control/routes/pointing.ts";
import { changedOf, renewTable, tableVersion, trimChanges } from "../control/routes/route-store.ts";
import { type TableSource, tableSource } from "../control/routes/table-source.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
let source: TableSource;
let sealing: KeyRing;
let authority: Authority;
before(async () => {
  plane = await startControlPlane();
  const { database, home } = plane;
  const proofKey = keyFile(join(home.control, "proof.key")).toString("hex");
  sealing = await openKeys(database, home.control);
  authority = await authorityIn(home.control, "test");
  source = tableSource({ database, sealing, proofKey });
  for (const app of ["shop", "blog"]) {
    await plane.client.call("apps.create", { app });
    await database.unsafe(lived(app));
  }
});
after(() => plane.stop());

/** A live release of an app, complete but for its routes. */
const lived = (app: string): string => `
  insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment, live_at)
    select 'rel_${app}', id, 1, 'sha256:${"0".repeat(64)}', '{}', '{}', '{}', '${idOf(app)}', now() from apps where name = '${app}';
  insert into deployments (id, app_id, tenant, kind, state, request, release_id, release, artifact, workload)
    select '${idOf(app)}', id, 'local', 'deploy', 'live', '{}', 'rel_${app}', 1, 'sha256:${"0".repeat(64)}', '${idOf(app)}' from apps where name = '${app}';
  insert into workloads (id, app_id, release_id, desire, instances) select '${idOf(app)}', id, 'rel_${app}', 'running', 1 from apps where name = '${app}';
  update apps set live_deployment = '${idOf(app)}' where name = '${app}';`;

const idOf = (app: string, kind = "dep"): string => `${kind}_${app.padEnd(26, "0")}`;
const routed = (app: string, host: string): string =>
  `insert into routes (host, path, app_id, deployment) select '${host}', '/', id, '${idOf(app)}' from apps where name = '${app}'`;
const targets = (app: string, address: string): string =>
  `update workloads set targets = '[{"instance":"${idOf(app, "ins")}","address":"${address}"}]' where id = '${idOf(app)}'`;

const wholeDigest = async (): Promise<string> => {
  const sum = new TableSum();
  await source.whole(async (message) => sum.add(message));
  return sum.digest;
};

const wholeTable = async (): Promise<TableReceiver> => {
  const receiver = new TableReceiver();
  await source.whole(async (message) => void receiver.take(message));
  return receiver;
};

/** What changed since the version of `receiver`, which takes it. */
const catchUp = async (receiver: TableReceiver): Promise<string[]> => {
  const { delta } = await source.since(receiver.version);
  assert.ok(delta);
  receiver.take(delta);
  return delta.changes.flatMap((change) => (change.kind === "platform" ? [] : [`${change.kind} ${change.value === null ? "gone" : "there"}`])).sort();
};

const added = async (domain: string): Promise<string> => {
  await plane.client.call("domains.add", { app: "blog", domain });
  return "select 1";
};

const changes: [what: string, statement: string | (() => Promise<string>), noted: string[]][] = [
  ["a route", routed("shop", "shop.slip.localhost"), ["app there"]],
  ["routes of two apps at once", `${routed("shop", "www.example.org")}; ${routed("blog", "blog.slip.localhost")}`, ["app there", "app there"]],
  ["where an app answers", targets("shop", "10.0.0.1:3000"), ["app there"]],
  ["another path", "update routes set path = '/api' where host = 'shop.slip.localhost'", ["app there"]],
  ["a route that is gone", "delete from routes where host = 'www.example.org'", ["app there"]],
  ["a host name with its certificate", () => added("blog.example.org"), ["app there", "certificate there"]],
  ["a certificate that was renewed", "update certificates set certificate = certificate || ' ' where name = 'blog.example.org'", ["certificate there"]],
  ["a key that was sealed anew", "update certificates set key_id = key_id", []],
  ["a host name that was let go", "delete from domains where host = 'blog.example.org'", ["certificate gone"]],
  ["what nobody is sent to", `update workloads set targets = targets where id = '${idOf("blog")}'`, []],
  [
    "an app that is gone",
    "update apps set live_deployment = null where name = 'shop'; delete from workloads where app_id in (select id from apps where name = 'shop'); delete from apps where name = 'shop'",
    ["app gone"],
  ],
];

test("each change is noted with what it is about, and makes the table of the whole, from any version on", async () => {
  const [first, each] = [await wholeTable(), await wholeTable()];
  const begun = first.version;
  for (const [what, statement, noted] of changes) {
    const { version } = each;
    await plane.database.unsafe(typeof statement === "string" ? statement : await statement());
    assert.deepEqual(await catchUp(each), noted, what);
    assert.equal(each.table?.digest, await wholeDigest(), what);
    if (noted.length === 0) assert.equal(each.version, version, `${what} leaves the version as it is`);
    const late = new TableReceiver();
    for (const message of first.table?.messages() ?? []) late.take(message);
    assert.equal(late.version, begun);
    await catchUp(late);
    assert.equal(late.table?.digest, each.table.digest, `${what}, from the first version on`);
  }
});

test("what is taken back is not noted, and a version counts once a transaction", async () => {
  const { database } = plane;
  const begun = await tableVersion(database);
  await database
    .begin(async (query) => {
      await query.unsafe(routed("blog", "never.example.org"));
      throw new Error("undo");
    })
    .catch((error: unknown) => assert.match(String(error), /undo/));
  assert.equal(await tableVersion(database), begun);
  await database.begin((query) => query.unsafe(`${routed("blog", "a.example.org")}; ${routed("blog", "b.example.org")}; ${targets("blog", "10.0.0.2:3000")}`));
  assert.equal(await tableVersion(database), begun + 1);
});

/** The table of an edge that is told of `second`, which is done while a transaction with `first` is at its end, before and after that. */
const toldOfBoth = async (first: string, second: () => Promise<unknown>): Promise<TableReceiver> => {
  const edge = await wholeTable();
  const { done } = await plane.database.begin(async (query) => {
    await query.unsafe(first);
    await query.unsafe("set constraints all immediate");
    const done = second();
    await Promise.race([done, pause(200)]);
    await catchUp(edge);
    return { done };
  });
  await done;
  await catchUp(edge);
  return edge;
};

const host = "late.example.org";
const atTheSameTime: [first: string, second: () => Promise<unknown>][] = [
  [
    `insert into domains (host, tenant, app_id) select '${host}', 'local', id from apps where name = 'blog'`,
    () => ensureCertificate({ authority, sealing }, plane.database, host),
  ],
  [targets("blog", "10.0.0.9:3000"), async () => await plane.database.unsafe(routed("blog", host))],
];

test("what is committed at the same time as what leads to it is noted, whichever comes first", async () => {
  for (const [first, second] of atTheSameTime) {
    await plane.database.unsafe(`delete from domains where host = '${host}'; delete from certificates where name = '${host}'; delete from routes`);
    const edge = await toldOfBoth(first, second);
    assert.equal(edge.table?.digest, await wholeDigest(), first);
  }
});

test("a switch tells what it has changed, by the host names that there are, and does nothing where its workload is gone", async () => {
  const { database } = plane;
  await plane.client.call("apps.create", { app: "stall" });
  await database.unsafe(`${lived("stall")}; ${targets("stall", "10.0.0.5:3000")}; ${routed("blog", "taken.example.org")}`);
  await plane.client.call("domains.add", { app: "stall", domain: "www.stall.example.org" });
  const [app] = await database<{ id: string }[]>`select id from apps where name = 'stall'`;
  const edge = await wholeTable();
  const from = edge.version;
  const of = { appId: app?.id ?? "", deployment: idOf("stall"), release: { config: {} }, hosts: ["stall.slip.localhost"] };
  const pointTo = (workload: string) =>
    pointRoutesBy(database, of, (query, point) => served(query, { id: of.deployment, workload, facts: { workload }, from }, point));
  assert.equal(await pointTo("dep_gone"), undefined);
  assert.equal(await tableVersion(database), from);
  const pointed = await pointTo(idOf("stall"));
  assert.deepEqual(
    pointed?.routes.map((route) => route.host),
    ["stall.slip.localhost", "www.stall.example.org"],
  );
  const delta = source.read(from, changedOf(pointed.rows, from))?.delta;
  assert.ok(delta);
  edge.take(delta);
  assert.equal(edge.version, from + 1);
  assert.equal(edge.table?.digest, await wholeDigest());
  const taken = { ...of, release: { config: { routes: [{ host: "taken.example.org", path: "/" }] } } };
  await assert.rejects(pointRoutes(database, taken), (error: unknown) => (error as SlipError).code === "conflict");
  assert.equal(await tableVersion(database), from + 1);
});

test("who is older than what is known of changes is sent the whole, and nobody else", async () => {
  const { database } = plane;
  const version = await tableVersion(database);
  for (const port of [3_001, 3_002, 3_003]) await database.unsafe(targets("blog", `10.0.0.2:${port}`));
  await trimChanges(database, 2);
  const known = async (from: number): Promise<boolean> => (await source.since(from)).delta !== undefined;
  assert.deepEqual([await known(version), await known(version + 1), await known(version + 3)], [false, true, true]);
  await renewTable(database);
  assert.deepEqual([await known(version + 3), await known(version + 4)], [false, true]);
});

/** Resolves when the edge serves, and the disk has, what PostgreSQL says. */
const converged = async (): Promise<void> => {
  const { home } = plane;
  const edge = callers(edgeCalls, home.edgeSocket(0));
  let seen: unknown[] = [];
  for (const until = performance.now() + 20_000; performance.now() < until; await pause(50)) {
    const [wanted, served, onDisk] = await Promise.all([
      wholeDigest(),
      edge.digest({}).catch(() => undefined),
      readTableFile(createReadStream(home.routeTable)).catch(() => undefined),
    ]);
    seen = [wanted, served?.digest, onDisk?.table.digest];
    if (served?.digest === wanted && onDisk?.table.digest === wanted) return;
  }
  assert.fail(`They differ: ${JSON.stringify(seen)}`);
};

test("edges and the disk come to what PostgreSQL says, wherever control or an edge is killed meanwhile", async () => {
  await converged();
  for (let round = 0; round < 6; round += 1) {
    const back = plane.strike(round % 2 === 0 ? "control" : "edge-0");
    for (let port = 0; port < 5; port += 1) await plane.database.unsafe(targets("blog", `10.0.0.3:${3_000 + round * 10 + port}`));
    await back();
    await converged();
  }
});
