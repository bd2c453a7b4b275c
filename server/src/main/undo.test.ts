// The journal undone, as far as no host is needed: settings, domains, apps that are not live. The rules are in control/journal/entry.test.ts.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { newId } from "#platform/ids.ts";
import { purgeOverdue } from "../control/apps/destroy.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
let count = 0;
const refused =
  (code: string, says = /./) =>
  (error: unknown) =>
    (error as SlipError).code === code && says.test((error as SlipError).message);
const call: ControlPlane["client"]["call"] = (...args) => plane.client.call(...args);
const newApp = async (): Promise<string> => {
  count += 1;
  return (await call("apps.create", { app: `app-${count}` })).app;
};
const last = async (app: string): Promise<string> => (await call("journal.list", { app, limit: 1 })).entries[0]?.id ?? "";
const undo = (entry: string, options = {}) => call("journal.undo", { entry }, options);
const envOf = async (app: string): Promise<Record<string, string>> =>
  Object.fromEntries((await call("env.list", { app })).env.map(({ name, value }) => [name, value]));
const versionsOf = async (app: string): Promise<Record<string, number>> =>
  Object.fromEntries((await call("secrets.list", { app })).secrets.map(({ name, version }) => [name, version]));

const storeToken = async (verbs: string[]): Promise<ControlPlane["client"]> => {
  const token = `slip_${randomUUID()}`;
  await plane.database`
    insert into tokens (id, tenant, actor, sha256, verbs) values (${newId("tok")}, 'local', 'tester', ${createHash("sha256").update(token).digest()}, ${verbs})`;
  await sleep(300);
  return plane.clientWith(token);
};

describe("undo", () => {
  before(async () => {
    plane = await startControlPlane();
  });
  after(() => plane.stop());

  it("puts back variables that were there, and takes away those that were not; and does it again", async () => {
    const app = await newApp();
    await call("env.set", { app, values: { A: "1" } });
    await call("env.set", { app, values: { A: "2", B: "1" }, stage: true });
    const changed = await last(app);
    const undone = await undo(changed);
    assert.deepEqual(await envOf(app), { A: "1" });
    assert.deepEqual([undone.operation, undone.entry, undone.app], ["env.set", await last(app), app]);
    await assert.rejects(undo(changed), refused("conflict", new RegExp(`was undone already, by env.set by owner at .*${undone.entry}`)));
    const [undoing, it] = (await call("journal.list", { app, limit: 2 })).entries;
    assert.deepEqual([undoing?.undoes, it?.undoneBy], [changed, undone.entry]);
    await undo(undone.entry);
    assert.deepEqual(await envOf(app), { A: "2", B: "1" });
    assert.equal((await call("journal.get", { entry: changed })).undoneBy, undefined, "it holds again");
  });

  it("says which later change is in the way, and is done once that is undone", async () => {
    const app = await newApp();
    await call("env.set", { app, values: { A: "1" } });
    const first = await last(app);
    await call("env.set", { app, values: { B: "1" } });
    await call("env.set", { app, values: { A: "2" } });
    const second = await last(app);
    const says = new RegExp(`later change to the same thing: env.set by owner at .*${second}`);
    await assert.rejects(undo(first), refused("conflict", says));
    assert.match((await call("journal.get", { entry: first })).obstacle ?? "", says);
    await undo(second);
    await undo(first);
    assert.deepEqual(await envOf(app), { B: "1" });
  });

  it("brings back versions of secrets, whose values the journal never holds", async () => {
    const app = await newApp();
    const value = `hunter2-${randomUUID()}`;
    await call("secrets.set", { app, values: { T: value } });
    await call("secrets.set", { app, values: { T: `${value}-2`, U: value } });
    const { entry } = await undo(await last(app));
    assert.deepEqual(await versionsOf(app), { T: 1 });
    await undo(entry);
    assert.deepEqual(await versionsOf(app), { T: 2, U: 1 });
    await call("secrets.remove", { app, names: ["T"] });
    await undo(await last(app));
    assert.deepEqual(await versionsOf(app), { T: 2, U: 1 });
    await assert.rejects(call("secrets.restore", { app, versions: { T: 9 } }), refused("not_found"));
    const rows = await plane.database`select j::text as row from journal j`;
    assert.ok(!JSON.stringify(rows).includes(value));
  });

  it("gives a host name up and takes it back, unless another app has it by then", async () => {
    const [app, other] = [await newApp(), await newApp()];
    const domain = `${app}.example.org`;
    await call("domains.add", { app, domain });
    await call("domains.add", { app, domain });
    assert.match((await call("journal.get", { entry: await last(app) })).noUndo ?? "", /had .* before/);
    await call("domains.remove", { app, domain });
    const removed = await last(app);
    await call("domains.add", { app: other, domain });
    await assert.rejects(undo(removed), refused("conflict", new RegExp(`belongs to the app ${other}`)));
    await undo(await last(other));
    await undo(removed);
    assert.ok((await call("domains.list", { app })).domains.some((it) => it.domain === domain));
  });

  it("takes off the air an app that it was to make, and brings it back with all that it had", async () => {
    const app = await newApp();
    const domain = `${app}.example.org`;
    const made = await last(app);
    await call("env.set", { app, values: { A: "1" } });
    await assert.rejects(undo(made), refused("conflict", /later change to the same thing: env.set/));
    await call("domains.add", { app, domain });
    await call("secrets.set", { app, values: { T: "1" } });
    const { keptUntil, releases } = await call("apps.destroy", { app });
    assert.equal(releases, 0);
    assert.ok(Math.abs(Date.parse(keptUntil ?? "") - Date.now() - limit("destroyedKeptMs")) < 60_000);
    assert.partialDeepStrictEqual(await call("apps.get", { app }), { state: "destroyed", keptUntil });
    const listed = async (destroyed: boolean) => (await call("apps.list", { destroyed })).apps.some((it) => it.app === app);
    assert.deepEqual([await listed(false), await listed(true)], [false, true]);
    await undo(await last(app));
    assert.equal((await call("apps.get", { app })).state, "new");
    assert.deepEqual([await envOf(app), await versionsOf(app)], [{ A: "1" }, { T: 1 }]);
    assert.ok((await call("domains.list", { app })).domains.some((it) => it.domain === domain));
  });

  it("of a destroyed app nothing can be changed or taken, but its host names can be let go", async () => {
    const [app, other] = [await newApp(), await newApp()];
    const domain = `${app}.example.org`;
    await call("domains.add", { app, domain });
    await call("apps.destroy", { app });
    const kept = refused("conflict", /was destroyed; it is kept, with its name, until 2/);
    for (const change of [
      () => call("apps.create", { app }),
      () => call("deployments.create", { app, source: { kind: "git", url: "https://git.invalid/a.git" } }),
      () => call("env.set", { app, values: { A: "1" } }),
      () => call("secrets.set", { app, values: { A: "1" } }),
      () => call("domains.add", { app, domain: "b.example.org" }),
      () => call("apps.restart", { app }),
      () => call("apps.scale", { app, instances: 2 }),
      () => call("apps.destroy", { app }),
      () => call("releases.rollback", { app }),
    ])
      await assert.rejects(change(), kept);
    await assert.rejects(call("domains.add", { app: other, domain }), refused("conflict", new RegExp(`belongs to the app ${app}`)));
    await call("domains.remove", { app, domain });
    await call("domains.add", { app: other, domain });
    await call("apps.restore", { app });
    await assert.rejects(call("apps.restore", { app }), refused("conflict", /is not destroyed/));
    const [restored, , destroyed] = (await call("journal.list", { app, limit: 3 })).entries;
    assert.deepEqual([destroyed?.operation, destroyed?.undoneBy], ["apps.destroy", restored?.id], "restoring it undoes that it was destroyed");
  });

  it("needs the permission of what it does", async () => {
    const app = await newApp();
    await call("env.set", { app, values: { A: "1" } });
    const changed = await last(app);
    const deployer = await storeToken(["read", "deploy"]);
    await assert.rejects(deployer.call("journal.undo", { entry: changed }), refused("forbidden"));
    assert.deepEqual([await envOf(app), await last(app)], [{ A: "1" }, changed]);
    const configurer = await storeToken(["configure"]);
    await configurer.call("journal.undo", { entry: changed });
    assert.deepEqual(await envOf(app), {});
  });

  it("is done by one of those who ask for it at the same time", async () => {
    const app = await newApp();
    await call("env.set", { app, values: { A: "1" } });
    const changed = await last(app);
    const asked = await Promise.allSettled(Array.from({ length: 6 }, () => undo(changed)));
    assert.equal(asked.filter(({ status }) => status === "fulfilled").length, 1);
    for (const it of asked) if (it.status === "rejected") assert.ok(refused("conflict")(it.reason), String(it.reason));
    assert.equal((await call("journal.list", { app })).entries.length, 3);
  });

  it("is not there for what cannot be undone, which says why", async () => {
    await call("keys.rotate", {});
    const { entries } = await call("journal.list", { limit: 1 });
    assert.match(entries[0]?.noUndo ?? "", /was removed/);
    await assert.rejects(undo(entries[0]?.id ?? ""), refused("conflict", /was removed/));
    await assert.rejects(undo(newId("jrn")), refused("not_found"));
  });

  it("ends with the time that a destroyed app is kept: it is purged then, and not before", async () => {
    const [young, old] = [await newApp(), await newApp()];
    for (const app of [young, old]) await call("apps.destroy", { app });
    await plane.database`update apps set destroyed_at = destroyed_at - make_interval(secs => ${limit("destroyedKeptMs") / 1_000 - 60}) where name = ${young}`;
    await plane.database`update apps set destroyed_at = destroyed_at - make_interval(secs => ${limit("destroyedKeptMs") / 1_000 + 60}) where name = ${old}`;
    let sent = 0;
    const send = async (): Promise<{ invocationId: string }> => {
      sent += 1;
      return { invocationId: "" };
    };
    const control = { database: plane.database, installation: plane.installation, log: { warn() {} }, restate: { send } };
    for (let times = 0; times < 2; times += 1) await purgeOverdue(control);
    const tasks = await plane.database<{ name: string; input: object }[]>`
      select a.name, t.input from tasks t join apps a on a.id = t.app_id where t.state = 'open'`;
    assert.deepEqual([...tasks], [{ name: old, input: { kind: "destroy", purge: true } }]);
    assert.equal(sent, 1);
    const [entry] = (await call("journal.list", { app: old, limit: 1 })).entries;
    assert.partialDeepStrictEqual(entry, { actor: "slipstream", operation: "apps.destroy", input: { purge: true } });
    await assert.rejects(call("apps.restore", { app: old }), refused("conflict", /is being purged/));
  });
});
