// The sealing key is replaced while control is killed in the middle, at each point where PostgreSQL can be made to wait.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Query } from "#platform/database.ts";
import { KeyRing } from "../control/keys/key-ring.ts";
import { openSecrets } from "../control/secrets/secret-store.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

const secretCount = 230;
const values = Object.fromEntries(Array.from({ length: secretCount }, (_, index) => [`SECRET_${index}`, `value ${index} ☂`]));
/** Whoever makes a key known to PostgreSQL waits for this. */
const newKeyLock = 7_001;
let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
  await plane.client.call("apps.create", { app: "keeper" });
  await plane.client.call("secrets.set", { app: "keeper", values });
  await plane.database.unsafe(`
    create function wait_for_test() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(${newKeyLock}); return new; end $$;
    create trigger wait_for_test before insert on sealing_keys for each row execute function wait_for_test()`);
});
after(() => plane.stop());

const keyFiles = (): string[] => readdirSync(plane.home.control).filter((name) => name.startsWith("sealing"));
const names = async (): Promise<string[]> => (await plane.client.call("keys.list", {})).keys.map(({ key }) => key);

/** Every secret opens with the keys on disk, read anew. */
const assertAllOpen = async (): Promise<void> => {
  const [app] = await plane.database<{ id: string }[]>`select id from apps where name = 'keeper'`;
  const versions = Object.fromEntries(Object.keys(values).map((name) => [name, 1]));
  const opened = await openSecrets(plane.database, new KeyRing(plane.home.control), { tenant: "local", appId: app?.id ?? "" }, versions);
  assert.deepEqual(opened, values);
};

const untilOneKey = async (): Promise<void> => {
  for (const until = performance.now() + 30_000; (await names()).length > 1 || keyFiles().length > 1; await sleep(50))
    assert.ok(performance.now() < until, `${keyFiles().join()} ${(await names()).join()}`);
};

test("a rotation seals all of it anew, and the old key is gone", async () => {
  const [old] = await names();
  const { key, resealed, removed } = await plane.client.call("keys.rotate", {});
  assert.deepEqual([removed, resealed >= secretCount, await names()], [[old], true, [key]]);
  assert.deepEqual(keyFiles(), ["sealing.key"]);
  await assertAllOpen();
  const { entries } = await plane.client.call("journal.list", {});
  assert.equal(entries[0]?.operation, "keys.rotate");
});

/** Where a rotation is made to wait, by what another transaction holds meanwhile. */
const points: { name: string; hold: (query: Query) => Promise<unknown> }[] = [
  { name: "the new key is on disk, and PostgreSQL does not know it", hold: (query) => query`select pg_advisory_xact_lock(${newKeyLock})` },
  { name: "nothing is sealed anew", hold: (query) => query`select 1 from secret_versions order by name limit 1 for update` },
  {
    name: "half is sealed anew",
    hold: (query) => query`select 1 from secret_versions order by app_id, name, version offset 150 limit 1 for update`,
  },
  { name: "all is sealed anew, and the old key is still known", hold: (query) => query`select 1 from sealing_keys for key share` },
];

for (const { name, hold } of points)
  test(`control is killed when ${name}: it is finished, and done once for its idempotency key`, async () => {
    const [old] = await names();
    const key = { idempotencyKey: randomUUID() };
    const back = await plane.database.begin(async (query) => {
      await hold(query);
      const asked = plane.client.call("keys.rotate", {}, key).catch((error: unknown) => error);
      await sleep(400);
      assert.equal(keyFiles().length, 2, "the rotation waits");
      const successor = plane.strike("control");
      assert.ok((await asked) instanceof Error);
      await assertKeysAreThere(query);
      return successor;
    });
    await back();
    await untilOneKey();
    await assertAllOpen();
    const [now] = await names();
    assert.notEqual(now, old);
    for (let count = 0; count < 2; count += 1) assert.equal((await plane.client.call("keys.rotate", {}, key)).key, now, "asked again it is the same rotation");
    assert.deepEqual(await names(), [now]);
  });

test("a rotation that was claimed and of which nothing was done yet is done at the next start", async () => {
  const [old] = await names();
  await plane.database`update sealing_keys set is_leaving = true where id = ${old ?? ""}`;
  await plane.kill("control");
  for (const until = performance.now() + 30_000; (await names()).includes(old ?? ""); await sleep(50)) assert.ok(performance.now() < until);
  await untilOneKey();
  await assertAllOpen();
});

/** In the middle of it: every value names a key that is on disk. */
const assertKeysAreThere = async (query: Query): Promise<void> => {
  const ring = new KeyRing(plane.home.control);
  const rows = await query<{ keyId: string }[]>`select distinct key_id from secret_versions`;
  for (const { keyId } of rows) assert.ok([ring.current, ...ring.others].includes(keyId));
};

test("secrets are set and read while the key is replaced", async () => {
  await plane.client.call("apps.create", { app: "busy" });
  let stop: boolean = false;
  const setting = (async () => {
    let count = 0;
    for (; !stop; count += 1) await plane.client.call("secrets.set", { app: "busy", values: { COUNT: `${count}` } });
    return count;
  })();
  for (let round = 0; round < 5; round += 1) await plane.client.call("keys.rotate", {});
  stop = true;
  assert.ok((await setting) > 5);
  await assertAllOpen();
});

const lastWord = (): string => readFileSync(join(plane.home.processLogs, "control.log"), "utf8").trimEnd().split("\n").at(-1) ?? "";

test("control does not start without its key, and makes no other", async () => {
  const path = join(plane.home.control, "sealing.key");
  const kept = join(plane.home.control, "kept");
  renameSync(path, kept);
  const back = plane.strike("control");
  const wrong: [string, Buffer | undefined][] = [
    ["is not in", undefined],
    ["and it is not in", Buffer.alloc(32, 7)],
  ];
  for (const [says, content] of wrong) {
    if (content) writeFileSync(path, content, { mode: 0o644 });
    for (const until = performance.now() + 20_000; !(lastWord().includes("key_missing") && lastWord().includes(says)); await sleep(50))
      assert.ok(performance.now() < until, `${says}: ${lastWord()}`);
    assert.deepEqual(existsSync(path) ? readFileSync(path) : undefined, content, "it was left as it was");
  }
  renameSync(kept, path);
  await back();
  await assertAllOpen();
});
