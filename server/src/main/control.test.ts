// Control for real, with its PostgreSQL, Restate and an edge, and with no host: what it does alone, and what it does meanwhile.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import { newId } from "#platform/ids.ts";
import { forgetUnneeded } from "../control/releases/collect.ts";
import { processLogPath } from "./supervisor/process-log.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { edgeFetch } from "./testing/edge-fetch.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;
let count = 0;
const newName = (): string => {
  count += 1;
  return `app-${count}`;
};

const createApp = async (): Promise<string> => (await plane.client.call("apps.create", { app: newName() })).app;

/** A token as a later access API would store it. */
const storeToken = async (of: { tenant?: string; verbs: string[]; expiresAt?: Date }): Promise<string> => {
  const token = `slip_${randomUUID()}`;
  const { tenant = "local", verbs, expiresAt = null } = of;
  await plane.database`
    insert into tokens (id, tenant, actor, sha256, verbs, expires_at)
    values (${newId("tok")}, ${tenant}, 'tester', ${createHash("sha256").update(token).digest()}, ${verbs}, ${expiresAt})`;
  await sleep(300);
  return token;
};

const raw = (
  method: string,
  path: string,
  headers: http.OutgoingHttpHeaders = {},
  body?: string,
): Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }> =>
  new Promise((resolve, reject) => {
    const request = http.request({ socketPath: plane.home.controlSocket, method, path, headers, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    request.on("error", reject);
    request.end(body);
  });

test("nobody gets in without a token that is known and may do it", async () => {
  for (const token of ["wrong", `slip_${"a".repeat(43)}`]) await assert.rejects(plane.clientWith(token).call("apps.list", {}), refused("unauthorized"));
  assert.equal((await raw("GET", "/v1/apps")).status, 401);
  const reader = plane.clientWith(await storeToken({ verbs: ["read"] }));
  await reader.call("apps.list", {});
  await assert.rejects(reader.call("apps.create", { app: newName() }), refused("forbidden"));
  await assert.rejects(plane.clientWith(await storeToken({ verbs: ["read"], expiresAt: new Date(0) })).call("apps.list", {}), refused("unauthorized"));
});

test("every operation that the contract has is there, closed to strangers", async () => {
  for (const { method, path } of Object.values(operations)) assert.equal((await raw(method, path.replace(/\{\w+\}/g, "x"))).status, 401, `${method} ${path}`);
});

test("requests that strangers break off leave no lines in the log of the platform", async () => {
  for (let count = 0; count < 3; count += 1) {
    const socket = net.connect(plane.home.controlSocket);
    socket.write("POST /oauth/token HTTP/1.1\r\nhost: slip.localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 10\r\n\r\na");
    // The library is loaded for the first of them.
    await sleep(count === 0 ? 2_000 : 200);
    socket.destroy();
  }
  await sleep(500);
  assert.doesNotMatch(readFileSync(processLogPath(plane.home, "control"), "utf8"), /Parse Error|aborted|socket hang up|ECONNRESET/);
});

test("what is not there is said to be so, with the id of the request", async () => {
  const answer = await raw("GET", "/v1/nothing", { "x-request-id": "my-request" });
  assert.deepEqual([answer.status, answer.headers["x-request-id"]], [404, "my-request"]);
  assert.equal((JSON.parse(answer.text) as { error: { code: string; requestId: string } }).error.requestId, "my-request");
  const odd = await raw("GET", "/v1/nothing", { "x-request-id": "a b" });
  assert.match(String(odd.headers["x-request-id"]), /^[0-9a-f-]{36}$/);
});

test("another tenant sees nothing of an app, and cannot take its name", async () => {
  const app = await createApp();
  await plane.database`insert into tenants (tenant) values ('other') on conflict do nothing`;
  await plane.database`insert into projects (id, tenant, name) values (${newId("prj")}, 'other', 'default') on conflict do nothing`;
  await plane.database`insert into environments (id, project_id, name) select ${newId("env")}, id, 'production' from projects where tenant = 'other' on conflict do nothing`;
  const other = plane.clientWith(await storeToken({ tenant: "other", verbs: ["read", "deploy", "configure", "destroy"] }));
  assert.deepEqual((await other.call("apps.list", {})).apps, []);
  for (const call of [
    () => other.call("apps.get", { app }),
    () => other.call("apps.destroy", { app }),
    () => other.call("env.set", { app, values: { A: "1" } }),
    () => other.call("secrets.list", { app }),
    () => other.call("domains.add", { app, domain: "www.example.org" }),
    () => other.call("deployments.list", { app }),
  ])
    await assert.rejects(call(), refused("not_found"));
  await assert.rejects(other.call("apps.create", { app }), refused("conflict"));
  assert.deepEqual((await other.call("journal.list", {})).entries, []);
});

test("an idempotency key gives the first answer again, and refuses another request", async () => {
  const app = newName();
  const key = { idempotencyKey: randomUUID() };
  const first = await plane.client.call("apps.create", { app }, key);
  assert.deepEqual(await plane.client.call("apps.create", { app }, key), first);
  await assert.rejects(plane.client.call("apps.create", { app: newName() }, key), refused("idempotency_mismatch"));
  await assert.rejects(plane.client.call("apps.create", { app }), refused("conflict"));
  const { entries } = await plane.client.call("journal.list", { app });
  assert.equal(entries.length, 1);
});

test("requests with one key at the same time are one", async () => {
  const app = newName();
  const key = { idempotencyKey: randomUUID() };
  const answers = await Promise.all(Array.from({ length: 8 }, () => plane.client.call("apps.create", { app }, key)));
  assert.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1);
});

test("values of secrets come back nowhere", async () => {
  const app = await createApp();
  const value = `hunter2-${randomUUID()}`;
  await plane.client.call("secrets.set", { app, values: { TOKEN: value } });
  await plane.client.call("secrets.set", { app, values: { TOKEN: value } });
  const { secrets } = await plane.client.call("secrets.list", { app });
  assert.deepEqual(
    secrets.map(({ name, version }) => [name, version]),
    [["TOKEN", 2]],
  );
  for (const { name } of await plane.database<{ name: string }[]>`select table_name as name from information_schema.tables where table_schema = 'public'`) {
    const rows = await plane.database.unsafe(`select t::text as row from "${name}" t`);
    assert.ok(!JSON.stringify(rows).includes(value), name);
    assert.ok(!JSON.stringify(rows).includes(Buffer.from(value).toString("hex")), name);
  }
});

test("all secrets of an app together are bounded, those too that come back", async () => {
  const app = await createApp();
  const half = "é".repeat(limit("secretsBytes") / 4);
  const set = (values: Record<string, string>) => plane.client.call("secrets.set", { app, values });
  const isTooLarge = (error: SlipError): boolean => error.code === "too_large" && error.message.includes(`${limit("secretsBytes") + 1} bytes`);
  await set({ ONE: half, OTHER: half });
  await assert.rejects(set({ MORE: "x" }), isTooLarge);
  await set({ OTHER: "x" });
  await assert.rejects(set({ THIRD: half }), isTooLarge);
  await set({ THIRD: half.slice(1) });
  await assert.rejects(plane.client.call("secrets.restore", { app, versions: { OTHER: 1 } }), { code: "too_large" });
  const { secrets } = await plane.client.call("secrets.list", { app });
  assert.deepEqual(
    secrets.map(({ name, version }) => [name, version]),
    [
      ["ONE", 1],
      ["OTHER", 2],
      ["THIRD", 1],
    ],
  );
});

test("settings are listed, and each change says how it is undone", async () => {
  const app = await createApp();
  await plane.client.call("env.set", { app, values: { A: "1", B: "2" } });
  await plane.client.call("env.set", { app, values: { A: "3" } });
  await plane.client.call("env.remove", { app, names: ["B"] });
  assert.deepEqual(
    (await plane.client.call("env.list", { app })).env.map(({ name, value }) => [name, value]),
    [["A", "3"]],
  );
  await assert.rejects(plane.client.call("env.remove", { app, names: ["B"] }), refused("not_found"));
  await assert.rejects(plane.client.call("env.set", { app, values: { SLIP_APP: "x" } }), refused("invalid_input"));
  const inverses = (await plane.client.call("journal.list", { app })).entries.map(({ inverse }) => inverse);
  assert.deepEqual(inverses.slice(0, 3), [
    { operation: "env.set", input: { app, values: { B: "2" } } },
    { operation: "env.set", input: { app, values: { A: "1" } } },
    { operation: "env.remove", input: { app, names: ["A", "B"] } },
  ]);
});

/** The certificate that the edge shows for a name. */
const shownAt = (servername: string, ca: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = tls.connect({ host: "127.0.0.1", port: plane.installation.httpsPort, servername, ca });
    const end = (names: string | undefined): void => {
      socket.destroy();
      resolve(names);
    };
    socket.on("secureConnect", () => end(socket.getPeerCertificate().subjectaltname));
    socket.on("error", () => end(undefined));
  });

test("a domain has its certificate at the edge when the answer comes, and belongs to one app", async () => {
  const app = await createApp();
  const { certificate } = await plane.client.call("platform.trust", {});
  assert.equal(await shownAt("www.example.net", certificate), undefined);
  const added = await plane.client.call("domains.add", { app, domain: "www.example.net" });
  assert.equal(added.url, `https://www.example.net:${plane.installation.httpsPort}`);
  assert.equal(await shownAt("www.example.net", certificate), "DNS:www.example.net");
  assert.match((await shownAt("any.slip.localhost", certificate)) ?? "", /DNS:\*\.slip\.localhost/);
  const another = await createApp();
  await assert.rejects(plane.client.call("domains.add", { app: another, domain: "www.example.net" }), refused("conflict"));
  await assert.rejects(plane.client.call("domains.add", { app: another, domain: `${app}.slip.localhost` }), refused("invalid_input"));
  await plane.client.call("domains.remove", { app, domain: "www.example.net" });
  await plane.client.call("domains.add", { app: another, domain: "www.example.net" });
});

test("an app has a bounded number of host names, and what it has it can ask for again", async () => {
  const app = await createApp();
  await plane.database`
    insert into domains (host, tenant, app_id)
    select 'x' || n || '.example.com', tenant, id from apps, generate_series(2, ${limit("domains")}::int) n where name = ${app}`;
  await assert.rejects(plane.client.call("domains.add", { app, domain: "more.example.com" }), refused("conflict"));
  assert.equal((await plane.client.call("domains.add", { app, domain: "x2.example.com" })).domain, "x2.example.com");
  await plane.client.call("domains.remove", { app, domain: "x2.example.com" });
  await plane.client.call("domains.add", { app, domain: "more.example.com" });
});

test("only what Restate signed reaches the workflow", async () => {
  const session = http2.connect(`http://127.0.0.1:${plane.installation.handlerPort}`);
  try {
    for (const path of ["/discover", `/invoke/App-${plane.installation.id}/deploy`]) {
      const stream = session.request({
        ":method": path === "/discover" ? "GET" : "POST",
        ":path": path,
        accept: "application/vnd.restate.endpointmanifest.v3+json",
      });
      stream.end();
      const status = await new Promise((resolve) => stream.on("response", (headers) => resolve(headers[":status"])));
      assert.equal(status, 401, path);
    }
  } finally {
    session.close();
  }
});

const content = `export default ${randomUUID()}`;
const sendSource = async (): Promise<string> => {
  const sha256 = createHash("sha256").update(content).digest("hex");
  const manifest = { entries: [{ type: "file" as const, path: "server.js", sha256, size: content.length, executable: false }] };
  const { source, missing } = await plane.client.call("sources.check", manifest);
  if (missing.length > 0) await plane.client.call("sources.upload", { sha256 }, { bytes: Buffer.from(content) });
  return source;
};

const create = async (app: string): Promise<Deployment> =>
  plane.client.call("deployments.create", { app, source: { kind: "tree", digest: await sendSource() } });
const stateOf = async (deployment: string): Promise<string> => (await plane.client.call("deployments.get", { deployment })).state;

const until = async (what: string, holds: () => Promise<boolean>, ms = 60_000): Promise<void> => {
  for (const limit = performance.now() + ms; !(await holds()); await sleep(20)) assert.ok(performance.now() < limit, what);
};

test("a source is named by what differs from one that was named before, by the same tenant", async () => {
  const entry = (path: string, text: string) =>
    ({ type: "file", path, sha256: createHash("sha256").update(text).digest("hex"), size: text.length, executable: false }) as const;
  const [a, b, other] = [entry("a", randomUUID()), entry("b", randomUUID()), entry("b", randomUUID())];
  const { source: base } = await plane.client.call("sources.check", { entries: [a, b] });
  const { source, missing } = await plane.client.call("sources.check", { base, entries: [other], removed: ["a"] });
  assert.deepEqual([source, missing], [(await plane.client.call("sources.check", { entries: [other] })).source, [other.sha256]]);
  const unknown = `sha256:${"0".repeat(64)}`;
  await assert.rejects(plane.client.call("sources.check", { base: unknown, entries: [other] }), refused("source_missing"));
  await assert.rejects(plane.client.call("sources.check", { base, entries: [], removed: ["a", "b"] }), refused("source_empty"));
  await assert.rejects(plane.client.call("sources.check", { base, entries: [entry("a/x", "")] }), refused("source_unsafe"));
});

test("a source that was not sent, or not whole, is not deployed", async () => {
  const app = newName();
  const digest = `sha256:${"0".repeat(64)}`;
  await assert.rejects(plane.client.call("deployments.create", { app, source: { kind: "tree", digest } }), refused("not_found"));
  const sha256 = createHash("sha256").update(randomUUID()).digest("hex");
  const { source } = await plane.client.call("sources.check", { entries: [{ type: "file", path: "a", sha256, size: 36, executable: false }] });
  await assert.rejects(plane.client.call("deployments.create", { app, source: { kind: "tree", digest: source } }), refused("invalid_input"));
  await assert.rejects(plane.client.call("apps.get", { app }), refused("not_found"));
});

test("a deployment waits for the host, outlives the death of control and of Restate, and can be cancelled", async () => {
  const { deployment } = await create(newName());
  await until("it runs", async () => (await stateOf(deployment)) === "running");
  await plane.kill("control");
  await plane.kill("restate");
  assert.equal(await stateOf(deployment), "running");
  // The answer waits a few seconds for the end, and then gives the state as it is: "running", where the host is still waited for.
  const cancelled = await plane.client.call("deployments.cancel", { deployment });
  assert.equal(cancelled.state, "cancelled");
  assert.equal(cancelled.failure?.code, "cancelled");
  await assert.rejects(plane.client.call("deployments.cancel", { deployment }), refused("conflict"));
});

test("the newest deployment takes the place of those that wait, not of the one that runs", async () => {
  const app = newName();
  const running = await create(app);
  await until("it runs", async () => (await stateOf(running.deployment)) === "running");
  const waiting = await create(app);
  const newest = await create(app);
  const superseded = await plane.client.call("deployments.get", { deployment: waiting.deployment });
  assert.deepEqual([superseded.state, superseded.failure?.code], ["cancelled", "superseded"]);
  assert.equal(await stateOf(running.deployment), "running");
  assert.equal(await stateOf(newest.deployment), "waiting");
  await plane.client.call("deployments.cancel", { deployment: running.deployment });
  await until("the next one runs", async () => (await stateOf(newest.deployment)) === "running");
  await plane.client.call("deployments.cancel", { deployment: newest.deployment });
});

test("a deployment has its id from when it is its turn, so that of those asked for in one moment the newest by id takes the place of the others", async () => {
  const app = newName();
  const running = await create(app);
  const isWaited = async (): Promise<boolean> => (await plane.database`select 1 from pg_stat_activity where wait_event_type = 'Lock'`).length > 0;
  const asked: Promise<Deployment>[] = [];
  const before = await plane.database.begin(async (query) => {
    await query`select 1 from apps where name = ${app} for update`;
    asked.push(create(app));
    await until("it waits for its turn", isWaited);
    await sleep(20);
    const id = newId("dep");
    // One that another process makes in the same millisecond is as old.
    await sleep(5);
    return id;
  });
  const [waiting = assert.fail()] = await Promise.all(asked);
  assert.ok(waiting.deployment > before);
  for (const { deployment } of [waiting, running]) await plane.client.call("deployments.cancel", { deployment });
});

test("who watches a deployment sees its end", async () => {
  const { deployment } = await create(newName());
  const seen: string[] = [];
  const watching = (async () => {
    for await (const line of plane.client.lines("deployments.watch", { deployment })) seen.push(line.state);
  })();
  await until("it runs", async () => seen.includes("running"));
  await plane.client.call("deployments.cancel", { deployment });
  await watching;
  assert.equal(seen.at(-1), "cancelled");
});

const digestOf = (number: number): string => `sha256:${String(number).padStart(64, "0")}`;

/** Rows as 13 deployments leave them, the first of which is live again; the clock was set back before each of the others. */
const storeReleases = async (app: string): Promise<void> => {
  const [row] = await plane.database<{ id: string }[]>`select id from apps where name = ${app}`;
  const appId = row?.id ?? "";
  const live = newId("dep");
  for (let number = 1; number <= 13; number += 1) {
    const deployment = number === 1 ? live : newId("dep");
    await plane.database`
      insert into releases (id, app_id, number, artifact, source, config, env, secret_versions, deployment, live_at)
      values (${`${app}-${number}`}, ${appId}, ${number}, ${digestOf(number)}, ${digestOf(number)}, '{}', '{}', '{}', ${deployment},
        now() - make_interval(secs => ${number}))`;
    await plane.database`
      insert into deployments (id, app_id, tenant, kind, state, request, release_id, release)
      values (${deployment}, ${appId}, 'local', 'deploy', 'live', '{}', ${`${app}-${number}`}, ${number})`;
  }
  await plane.database`update apps set live_deployment = ${live} where id = ${appId}`;
};

test("garbage is what neither rollback nor the live release needs, and nothing is garbage while something is under way", async () => {
  const [app, destroyed] = [await createApp(), await createApp()];
  for (const each of [app, destroyed]) await storeReleases(each);
  await plane.database`update apps set live_before = live_deployment, live_deployment = null, destroyed_at = now() where name = ${destroyed}`;
  const { deployment } = await create(newName());
  assert.equal(await plane.database.begin(forgetUnneeded), undefined);
  await plane.client.call("deployments.cancel", { deployment });
  const kept = await plane.database.begin(forgetUnneeded);
  assert.deepEqual(new Set(kept?.artifacts), new Set([1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map((number) => digestOf(number))));
  const { releases } = await plane.client.call("releases.list", { app });
  assert.equal(releases.length, 11);
  assert.deepEqual(releases.at(-1)?.state, "live");
  const ofDestroyed = await plane.client.call("releases.list", { app: destroyed });
  assert.deepEqual(
    ofDestroyed.releases.map(({ release }) => release),
    releases.map(({ release }) => release),
    "a destroyed app loses nothing that it can be restored to",
  );
});

test("what was answered is there after PostgreSQL was killed", async () => {
  const app = await createApp();
  await plane.kill("postgres");
  await until("control finds it again", () =>
    plane.client.call("apps.get", { app }).then(
      () => true,
      () => false,
    ),
  );
});

test("an edge that finds no route table accepts clients once control has sent it", async () => {
  const edge = await edgeFetch(plane);
  const returns = plane.strike("control");
  rmSync(plane.home.routeTable);
  await plane.kill("edge-0");
  assert.equal((await edge("/openapi.json")).status, 200);
  await returns();
  await edge.close();
});

test("Restate gives up what fails again and again, so that it can be handed over anew, and never pauses it", async () => {
  const text = await new Promise<string>((resolve, reject) => {
    http
      .get({ socketPath: plane.home.restateSocket("admin"), path: "/services", agent: false }, async (answer) => resolve((await answer.toArray()).join("")))
      .on("error", reject);
  });
  const { services } = JSON.parse(text) as { services: { retry_policy: { max_attempts: number; on_max_attempts: string } }[] };
  assert.deepEqual(
    services.map(({ retry_policy: { max_attempts: tries, on_max_attempts: then } }) => [tries, then]),
    [[200, "Kill"]],
  );
});

/** An app with a release that is live by a deployment of this kind. */
const storeLive = async (kind: "deploy" | "rollback", key: string | null = null): Promise<{ app: string; deployment: string }> => {
  const [app, deployment] = [await createApp(), newId("dep")];
  const [release, artifact] = [`${app}-1`, digestOf(0)];
  await plane.database`
    with of as (update apps set live_deployment = ${deployment} where name = ${app} returning id),
    r as (
      insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment, live_at)
      select ${release}, id, 1, ${artifact}, '{}', '{}', '{}', ${deployment}, now() from of
    )
    insert into deployments (id, app_id, tenant, kind, state, request, release_id, release, idempotency_key)
    select ${deployment}, id, 'local', ${kind}, 'live', '{}', ${release}, 1, ${key} from of`;
  return { app, deployment };
};

test("a rollback that is asked again after its answer was lost is found, though its release is live by now", async () => {
  const { app, deployment } = await storeLive("rollback", "key-of-asked");
  const ask = (idempotencyKey: string) => plane.client.call("releases.rollback", { app, to: 1 }, { idempotencyKey });
  assert.equal((await ask("key-of-asked")).deployment, deployment);
  await assert.rejects(ask("another-key"), refused("nothing_to_roll_back"));
});

test("of restarts at the same time one begins, and the answer of each is given again", async () => {
  const { app } = await storeLive("deploy");
  const keys = Array.from({ length: 4 }, () => randomUUID());
  const restart = (idempotencyKey: string) => plane.client.call("apps.restart", { app }, { idempotencyKey });
  const first = await Promise.all(keys.map(restart));
  assert.deepEqual(first.map(({ state }) => state).sort(), ["running", "waiting", "waiting", "waiting"]);
  assert.deepEqual(await Promise.all(keys.map(restart)), first);
  const { entries } = await plane.client.call("journal.list", { app });
  const restarts = entries.filter(({ operation }) => operation === "apps.restart");
  assert.deepEqual(restarts.map((entry) => entry.deployment).sort(), first.map((it) => it.deployment).sort());
  for (const { deployment: id, state } of await plane.client.call("deployments.list", { app }).then(({ deployments }) => deployments))
    if (state === "running" || state === "waiting") await plane.client.call("deployments.cancel", { deployment: id });
});
