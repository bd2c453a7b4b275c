// What agents ask of control: sources in the call, waits, events, commands. With no host, so nothing is built here.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { after, before, test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import { type SourceManifest, sourceDigest } from "@slipstream/contract/source.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import { newId } from "#platform/ids.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

type Source = InputOf<"deployments.create">["source"];

const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;
const deploy = (source: Source, app?: string, idempotencyKey?: string): Promise<Deployment> =>
  plane.client.call("deployments.create", { source, ...(app === undefined ? {} : { app }) }, idempotencyKey === undefined ? {} : { idempotencyKey });
const cancel = (deployment: string): Promise<Deployment> => plane.client.call("deployments.cancel", { deployment });

const manifestOf = ({ source }: Deployment): SourceManifest =>
  JSON.parse(readFileSync(plane.home.sourceManifest("local", source ?? ""), "utf8")) as SourceManifest;
/** What a deployment's source holds, by path. */
const contentsOf = (deployment: Deployment): Record<string, string> =>
  Object.fromEntries(
    manifestOf(deployment).entries.map((entry) => [
      entry.path,
      entry.type === "file" ? readFileSync(plane.home.sourceBlob("local", entry.sha256), "utf8") : entry.target,
    ]),
  );

test("files in the call are stored as an upload is, and named by their digest from then on", async () => {
  const secret = `precious-${randomUUID()}`;
  const files = [
    { path: "server.js", text: secret },
    { path: "bin/start", base64: Buffer.from("#!/bin/sh").toString("base64"), executable: true },
  ];
  const key = randomUUID();
  const made = await deploy({ kind: "files", files }, "given", key);
  assert.deepEqual(contentsOf(made), { "server.js": secret, "bin/start": "#!/bin/sh" });
  assert.equal(made.source, sourceDigest(manifestOf(made)));
  assert.deepEqual(await deploy({ kind: "files", files }, "given", key), made, "asked again it is the same");
  await assert.rejects(deploy({ kind: "files", files: files.slice(1) }, "given", key), refused("idempotency_mismatch"));
  const [entry] = (await plane.client.call("journal.list", { app: "given" })).entries;
  assert.deepEqual(entry?.input.source, { kind: "files", digest: made.source, files: 2, paths: ["server.js", "bin/start"] });
  for (const { name } of await plane.database<{ name: string }[]>`select table_name as name from information_schema.tables where table_schema = 'public'`)
    assert.ok(!JSON.stringify(await plane.database.unsafe(`select t::text as row from "${name}" t`)).includes(secret), name);
  await cancel(made.deployment);
});

test("a few files are laid over the source of a deployment that failed, or of the live release", async () => {
  const first = await deploy({ kind: "files", files: ["a", "b", "c"].map((path) => ({ path, text: path })) }, "mended");
  await cancel(first.deployment);
  const over = { kind: "files" as const, files: [{ path: "b", text: "new" }], remove: ["c"] };
  await assert.rejects(deploy({ ...over, base: "live" }, "mended"), refused("conflict"));
  const second = await deploy({ ...over, base: first.deployment });
  assert.deepEqual([second.app, contentsOf(second)], ["mended", { a: "a", b: "new" }]);
  await cancel(second.deployment);
  await plane.database`
    insert into releases (id, app_id, number, artifact, source, config, env, secret_versions, deployment, live_at)
    select 'rel_mended', app_id, 1, ${second.source ?? ""}, source, '{}', '{}', '{}', id, now() from deployments where id = ${second.deployment}`;
  const live = newId("dep");
  await plane.database`
    insert into deployments (id, app_id, tenant, kind, state, request, release_id, release)
    select ${live}, app_id, 'local', 'deploy', 'live', '{}', 'rel_mended', 1 from deployments where id = ${second.deployment}`;
  await plane.database`update apps set live_deployment = ${live} where name = 'mended'`;
  const third = await deploy({ kind: "files", files: [{ path: "d", text: "d" }], base: "live" }, "mended");
  assert.deepEqual(contentsOf(third), { a: "a", b: "new", d: "d" });
  await cancel(third.deployment);
});

test("a base that is not there, or another app's, and what cannot be a source, is refused and leaves no app", async () => {
  const made = await deploy({ kind: "files", files: [{ path: "a", text: "a" }] }, "base");
  await cancel(made.deployment);
  const file = { path: "x", text: "x" };
  const attempts: [Source, string | undefined, string][] = [
    [{ kind: "files", files: [] }, "none", "source_empty"],
    [{ kind: "files", files: [file, file] }, "none", "source_unsafe"],
    [{ kind: "files", files: [file, { path: "x/y", text: "" }] }, "none", "source_unsafe"],
    [{ kind: "files", files: [{ path: "../x", text: "" }] }, "none", "invalid_input"],
    [{ kind: "files", files: [{ path: "x" }] }, "none", "invalid_input"],
    [{ kind: "files", files: [{ ...file, base64: "eA==" }] }, "none", "invalid_input"],
    [{ kind: "files", files: [{ path: "x", base64: "%" }] }, "none", "invalid_input"],
    [{ kind: "files", files: [{ path: "x", text: "\ud800" }] }, "none", "invalid_input"],
    [{ kind: "files", files: [file], remove: ["y"] }, "none", "invalid_input"],
    [{ kind: "files", files: [file], base: "live" }, "none", "not_found"],
    [{ kind: "files", files: [file], base: "live" }, undefined, "invalid_input"],
    [{ kind: "files", files: [file], base: newId("dep") }, undefined, "not_found"],
    [{ kind: "files", files: [file], base: made.deployment }, "none", "invalid_input"],
    [{ kind: "files", files: [file], base: made.deployment, remove: ["y"] }, undefined, "invalid_input"],
    [{ kind: "files", files: [], base: made.deployment, remove: ["a"] }, undefined, "source_empty"],
    [{ kind: "snippet", code: "hello" }, "none", "invalid_input"],
  ];
  for (const [source, app, code] of attempts) await assert.rejects(deploy(source, app), refused(code), `${JSON.stringify(source)} → ${code}`);
  await assert.rejects(plane.client.call("apps.get", { app: "none" }), refused("not_found"));
});

test("a snippet becomes an app with a name of its own", async () => {
  const code = "<h1>Hello</h1>";
  const [one, two] = await Promise.all([deploy({ kind: "snippet", code }), deploy({ kind: "snippet", code })]);
  assert.match(one.app, /^[a-z]+-[a-z]+-[0-9a-z]{4}$/);
  assert.notEqual(one.app, two.app);
  assert.deepEqual(contentsOf(one), { "index.html": code });
  assert.equal((await deploy({ kind: "snippet", code, language: "python" }, one.app)).app, one.app);
  for (const { app } of [one, two])
    for (const { deployment, endedAt } of (await plane.client.call("deployments.list", { app })).deployments) if (!endedAt) await cancel(deployment);
});

test("a wait ends with the deployment, or at its bound with the state as it is", async () => {
  const { deployment } = await deploy({ kind: "snippet", code: "<p>" }, "awaited");
  const present = await plane.client.call("deployments.wait", { deployment, timeoutMs: 0 });
  assert.ok(["waiting", "running"].includes(present.state) && present.endedAt === undefined, present.state);
  const waiting = plane.client.call("deployments.wait", { deployment, timeoutMs: 60_000 });
  await cancel(deployment);
  assert.equal((await waiting).state, "cancelled");
  assert.equal((await plane.client.call("deployments.wait", { deployment })).state, "cancelled");
});

const events = (path: string, headers: Record<string, string> = {}): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const authorization = `Bearer ${readFileSync(plane.home.token, "utf8").trim()}`;
    const asked = { socketPath: plane.home.controlSocket, path, agent: false, headers: { accept: "text/event-stream", authorization, ...headers } };
    http.get(asked, resolve).on("error", reject);
  });
const textOf = async (answer: http.IncomingMessage): Promise<string> => Buffer.concat(await answer.toArray()).toString();

test("a deployment is followed by events, and one who comes back is not told the same again", async () => {
  const { deployment } = await deploy({ kind: "snippet", code: "<p>" }, "told");
  const answer = await events(`/v1/deployments/${deployment}/events`);
  assert.deepEqual([answer.statusCode, answer.headers["content-type"], answer.headers.vary], [200, "text/event-stream", "accept"]);
  const text = textOf(answer);
  await cancel(deployment);
  const ids = [...(await text).matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? "");
  assert.match(await text, /^retry: \d+\n\n/);
  assert.match(ids.at(-1) ?? "", /^cancelled:/);
  assert.match(await text, /event: deployment\ndata: \{[^\n]*"state":"cancelled"[^\n]*\}\n\nevent: end\ndata: \{\}\n\n$/);
  const again = await events(`/v1/deployments/${deployment}/events`, { "last-event-id": ids.at(-1) ?? "" });
  assert.deepEqual([again.statusCode, await textOf(again)], [204, ""]);
  const refusal = await events(`/v1/deployments/${newId("dep")}/events`, { "last-event-id": "cancelled::0" });
  assert.equal(refusal.statusCode, 404, "what is not there is said to be so, and not over");
  refusal.resume();
  const lines = await events(`/v1/deployments/${deployment}/events`, { accept: "application/x-ndjson" });
  assert.equal(lines.headers["content-type"], "application/x-ndjson");
  lines.resume();
});

test("a command needs a live release, and one that is refused is not in the journal", async () => {
  await plane.client.call("apps.create", { app: "idle" });
  await assert.rejects(plane.client.call("apps.run", { app: "idle", command: ["true"] }), refused("conflict"));
  await assert.rejects(plane.client.call("apps.run", { app: "idle", command: [] }), refused("invalid_input"));
  assert.deepEqual(
    (await plane.client.call("journal.list", { app: "idle" })).entries.map(({ operation }) => operation),
    ["apps.create"],
  );
});

test("what another tenant has is no base", async () => {
  const made = await deploy({ kind: "files", files: [{ path: "a", text: "theirs" }] }, "owned");
  await cancel(made.deployment);
  const token = `slip_${randomUUID()}`;
  await plane.database`insert into tenants (tenant) values ('other')`;
  await plane.database`
    insert into tokens (id, tenant, actor, sha256, verbs)
    values (${newId("tok")}, 'other', 'stranger', ${createHash("sha256").update(token).digest()}, ${["read", "deploy"]})`;
  const stranger = plane.clientWith(token);
  for (const base of [made.deployment, "live" as const])
    await assert.rejects(stranger.call("deployments.create", { app: "owned", source: { kind: "files", files: [], base } }), refused("not_found"));
});
