// The embedded servers for real: made, started without rights below a closed folder, used, killed, started again.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import postgres from "postgres";
import { readConfig } from "#platform/config.ts";
import { homeAt } from "#platform/home.ts";
import { uids } from "#platform/installation.ts";
import { connectionOf } from "#platform/postgres.ts";
import { restateAddresses, restateClient } from "#platform/restate.ts";
import { ensureCluster, requireCluster } from "./cluster.ts";
import { runFolders } from "./folders.ts";
import { type Ground, planOf } from "./plan.ts";
import { makeFolders, prepareDisk, prepareHome } from "./prepare.ts";
import { Supervised } from "./supervised.ts";

const silent = { info() {}, warn() {}, error() {} };
let closed = "";
let ground: Ground;
let servers: Supervised[] = [];

before(async () => {
  closed = mkdtempSync(join(tmpdir(), "slip-embedded-"));
  chmodSync(closed, 0o700);
  const config = readConfig({ SLIP_HOME: join(closed, "home") });
  const prepared = await prepareHome(config.home, { httpPort: 0, httpsPort: 0 });
  ground = { ...prepared, config, code: resolve(import.meta.dirname, "../../../.."), node: process.execPath, cores: 1 };
  prepareDisk(ground.home, ground.installation);
  makeFolders(runFolders(ground.home, uids(ground.installation)));
  const cluster = () => ensureCluster(ground);
  servers = planOf(ground)
    .filter(({ name }) => name === "postgres" || name === "restate")
    .map((plan) => new Supervised(plan, { home: ground.home, log: silent, changed: () => {}, ...(plan.name === "postgres" ? { before: cluster } : {}) }));
  await Promise.all(servers.map((server) => server.start()));
  await Promise.all(servers.map((server) => server.ready));
});
after(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(closed, { recursive: true });
});

/** Runs `use` with a connection of control's user; `login` may change what it logs in as. */
const withSql = async <T>(use: (sql: postgres.Sql) => Promise<T>, login: { user?: string; password?: string } = {}): Promise<T> => {
  const connection = connectionOf(ground.home, ground.config);
  assert.equal(connection.kind, "socket");
  const { host, port, user, password, database } = connection;
  const sql = postgres({ host, port, user, password, database, max: 1, onnotice: () => {}, ...login });
  try {
    return await use(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
};

const killAndAwait = async (name: string, by: NodeJS.Signals = "SIGKILL"): Promise<void> => {
  const server = servers.find(({ plan }) => plan.name === name);
  const pid = server?.record?.pid ?? 0;
  process.kill(pid, by);
  for (const limit = performance.now() + 15_000; server?.record?.state !== "ready" || server.record.pid === pid; )
    await new Promise((done) => {
      assert.ok(performance.now() < limit, `${name} did not come back`);
      setTimeout(done, 20);
    });
};

test("PostgreSQL keeps what was committed when it is killed", async () => {
  await withSql((sql) => sql`create table kept (value text)`);
  await withSql((sql) => sql`insert into kept values ('precious')`);
  await killAndAwait("postgres");
  assert.deepEqual([...(await withSql((sql) => sql`select value from kept`))], [{ value: "precious" }]);
});

test("PostgreSQL that waits until its clients have left does not wait for ever for one that stays", async () => {
  await withSql(async (staying) => {
    await staying`select 1`;
    await killAndAwait("postgres", "SIGTERM");
  });
  assert.deepEqual([...(await withSql((sql) => sql`select 1 as one`))], [{ one: 1 }]);
});

test("PostgreSQL lets in the platform's user with its password only, and that user is no superuser", async () => {
  const [row] = await withSql((sql) => sql`select rolsuper, rolcreatedb from pg_roles where rolname = current_user`);
  assert.equal(row?.rolsuper, false);
  await assert.rejects(
    withSql((sql) => sql`select 1`, { password: "wrong" }),
    /password authentication failed/,
  );
  await assert.rejects(
    withSql((sql) => sql`select 1`, { user: "postgres" }),
    /no pg_hba.conf entry|password authentication failed/,
  );
});

test("PostgreSQL takes a new password where the file of the old one was damaged or lost", async () => {
  const password = () => readFileSync(ground.home.postgresPassword, "utf8");
  for (const damage of [(path: string) => truncateSync(path, 12), rmSync]) {
    const old = password();
    damage(ground.home.postgresPassword);
    prepareDisk(ground.home, ground.installation);
    assert.notEqual(password(), old);
    await killAndAwait("postgres");
    assert.deepEqual([...(await withSql((sql) => sql`select 1 as one`))], [{ one: 1 }]);
    await assert.rejects(
      withSql((sql) => sql`select 1`, { password: old }),
      /password authentication failed/,
    );
  }
});

test("no embedded server listens on a port", async () => {
  const own = new Set(Object.values(uids(ground.installation)));
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const listening = readFileSync(table, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A" && own.has(Number(fields[7])));
    assert.deepEqual(listening, []);
  }
});

test("Restate signs what it asks handlers, and keeps an invocation when it is killed", async () => {
  const client = restateClient(restateAddresses(ground.home, ground.config));
  const signatures: (string | undefined)[] = [];
  // Only the discovery is served: every request of Restate, also this one, carries its signature.
  const handlers = http2.createServer((request, response) => {
    signatures.push([request.headers["x-restate-signature-scheme"]].flat()[0]);
    response.writeHead(200, { "content-type": "application/vnd.restate.endpointmanifest.v1+json" });
    const service = { name: "Thing", ty: "VIRTUAL_OBJECT", handlers: [{ name: "run", ty: "EXCLUSIVE" }] };
    response.end(JSON.stringify({ protocolMode: "REQUEST_RESPONSE", minProtocolVersion: 5, maxProtocolVersion: 5, services: [service] }));
  });
  await new Promise<void>((done) => handlers.listen(0, "127.0.0.1", done));
  try {
    assert.equal(await client.healthy(), true);
    await client.register(`http://127.0.0.1:${(handlers.address() as AddressInfo).port}`);
    const invocation = { service: "Thing", key: "a b/c", handler: "run", input: { one: 1 }, idempotencyKey: "once", delayMs: 600_000 };
    const first = await client.send(invocation);
    assert.match(first.invocationId, /^inv_/);
    assert.deepEqual(await client.send(invocation), first);
    await killAndAwait("restate");
    assert.deepEqual(await client.send(invocation), first);
    assert.deepEqual(signatures, ["v1"]);
  } finally {
    handlers.close();
  }
});

test("an installation that had a database does not begin with another one", () => {
  const had = { ...ground.installation, database: "embedded" } as const;
  requireCluster(ground.home, had);
  const elsewhere = homeAt(join(closed, "without"));
  assert.throws(() => requireCluster(elsewhere, had), { code: "database_missing", exit: 4 });
  requireCluster(elsewhere, ground.installation);
  requireCluster(elsewhere, { ...had, database: "own" });
});
