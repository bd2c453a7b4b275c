// What is deleted of caches, and when. builds.test.ts has artifacts and sources.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { limit } from "@slipstream/contract/limits.ts";
import type { Collect } from "@slipstream/contract/ports/host.ts";
import { openImage } from "#platform/oci/image.ts";
import { collectGarbage } from "./collect.ts";
import { buildFixture } from "./testing/build-fixture.ts";
import { toolchainRecords } from "./toolchains/provided-layer.ts";
import { toolchainLayer } from "./toolchains/toolchains.ts";

const fixture = buildFixture(() => Promise.reject(new Error("No program is started here.")));
const { home, dependencies } = fixture;
after(() => fixture[Symbol.dispose]());

const nothing: Collect = { artifacts: [], sources: [] };
const collect = (kept: Collect) => collectGarbage(dependencies, kept, new Map(), 0);
const hourMs = 3_600_000;

const age = (path: string, ms: number): void => {
  const then = new Date(Date.now() - ms);
  utimesSync(path, then, then);
};
const records = (): string[] =>
  readdirSync(toolchainRecords(home), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .sort();
const ageRecords = (ms: number): void => {
  for (const name of records()) age(join(toolchainRecords(home), name), ms);
};
const downloadsOf = (app: string, idleMs: number): string => {
  const folder = join(home.cache, "downloads", `ten.pro.${app}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.tgz"), "downloaded");
  age(folder, idleMs);
  return folder;
};

let artifact = "";
before(async () => {
  const result = await fixture.build(await fixture.store({ "index.html": "<h1>hello</h1>" }));
  assert.ok(result.outcome === "built", JSON.stringify(result));
  artifact = result.artifact;
  await toolchainLayer(home, { name: "npm", version: "default" });
});

test("downloads of an app stay as long as it builds now and then", async () => {
  const [used, idle] = [downloadsOf("used", limit("buildCacheMs") - hourMs), downloadsOf("idle", limit("buildCacheMs") + hourMs)];
  const { freedBytes } = await collect({ ...nothing, artifacts: [artifact] });
  assert.deepEqual([existsSync(used), existsSync(idle)], [true, false]);
  assert.ok(freedBytes > 0);
});

test("toolchains stay for a while without an app that needs them", async () => {
  const before = records();
  ageRecords(limit("buildCacheMs") - hourMs);
  await collect({ ...nothing, artifacts: [artifact] });
  assert.deepEqual(records(), before);
});

test("on a low disk caches that nothing uses now are garbage, and what a kept artifact needs is not", async () => {
  const [used, idle] = [downloadsOf("used", hourMs / 2), downloadsOf("idle", 2 * hourMs)];
  ageRecords(2 * hourMs);
  const before = records();
  await collect({ ...nothing, artifacts: [artifact], low: true });
  assert.deepEqual([existsSync(used), existsSync(idle)], [true, false]);
  assert.ok(before.some((name) => name.startsWith("npm")) && !records().some((name) => name.startsWith("npm")), `${before} → ${records()}`);
  const { layers } = await openImage(home, artifact);
  for (const layer of layers) assert.ok(existsSync(layer), layer);
  assert.ok(
    records().some((name) => name.startsWith("node")),
    "the next build of the app finds what it needs",
  );
});

test("what a build used just now stays on a low disk too; later it goes", async () => {
  const before = records();
  ageRecords(limit("collectGraceMs") / 2);
  await collect({ ...nothing, low: true });
  assert.deepEqual(records(), before);
  ageRecords(2 * limit("collectGraceMs"));
  await collect({ ...nothing, low: true });
  assert.deepEqual(records(), []);
});
