// Apps whose layers are the same bytes share a folder: whatever one of them does, the other gets what its own build made.
import assert from "node:assert/strict";
import { existsSync, lchownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { execOrThrow } from "#platform/exec.ts";
import { openImage } from "#platform/oci/image.ts";
import { buildFixture, testUser } from "./testing/build-fixture.ts";
import { chrootRunner } from "./testing/chroot-runner.ts";
import { keepFolder } from "./toolchains/provided-layer.ts";

const skip = process.getuid?.() !== 0 && "needs root for overlays and chroot";
const fixture = buildFixture(chrootRunner(testUser));
after(() => fixture[Symbol.dispose]());

/** Each test has dependencies of its own. */
const installs = (text: string): string => `mkdir -p node_modules/x && echo ${text} > node_modules/x/index.js`;

/** The folders of the layers of an app, lowest first. */
const layersOf = async (app: string, build: AppConfig["build"], text = "same"): Promise<readonly string[]> => {
  const source = await fixture.store({ "package.json": '{"scripts":{"start":"node server.js"}}', "server.js": text });
  const result = await fixture.build(source, { app, config: { build } });
  assert.ok(result.outcome === "built", JSON.stringify(result));
  return (await openImage(fixture.home, result.artifact)).layers;
};

/** Names in a folder as an instance sees it. */
const seenIn = async (layers: readonly string[], folder: string): Promise<string[]> => {
  const root = mkdtempSync(join(tmpdir(), "slip-seen-"));
  await execOrThrow(["mount", "-t", "overlay", "overlay", "-o", `ro,lowerdir=${[...layers].reverse().join(":")}`, root]);
  try {
    return readdirSync(join(root, folder)).sort();
  } finally {
    await execOrThrow(["umount", root]);
    rmSync(root, { recursive: true });
  }
};

test("what one app leaves in a layer beside what is packed of it is nothing for another", { skip }, async () => {
  const install = installs("left");
  const socket = `node -e 'require("net").createServer().listen("node_modules/x/socket", () => process.kill(process.pid, "SIGKILL"))'`;
  const plants = `mkdir -p node_modules/.cache/tool && echo planted > node_modules/.cache/tool/x && chmod 0 node_modules/x/index.js; ${socket}; test -S node_modules/x/socket`;
  const [planted, own] = [await layersOf("plants", { install: `${install} && ${plants}` }), await layersOf("victim", { install })];
  assert.deepEqual(own, planted, "they are the same bytes");
  const modules = join(own.at(-2) ?? "", "app/node_modules");
  assert.deepEqual(readdirSync(modules, { recursive: true }).sort(), ["x", "x/index.js"]);
  assert.equal(statSync(join(modules, "x/index.js")).mode & 0o777, 0o644);
});

test("what a build step does to the dependencies of another app is done to its own copy", { skip }, async () => {
  const install = installs("real");
  const command = "echo changed > node_modules/x/index.js && touch node_modules/x/more && chmod 0 node_modules/x && chmod 755 node_modules/x && mkdir out";
  const [changed, own] = [await layersOf("changes", { install, command }), await layersOf("other", { install, command: "mkdir out" })];
  assert.equal(own.at(-2), changed.at(-2), "they share the layer");
  assert.equal(readFileSync(join(own.at(-2) ?? "", "app/node_modules/x/index.js"), "utf8"), "real\n");
  assert.deepEqual(readdirSync(join(own.at(-2) ?? "", "app/node_modules/x")), ["index.js"]);
});

test("a folder that one app has made anew hides nothing of another's dependencies", { skip }, async () => {
  const install = installs("hidden");
  const adds = "mkdir -p node_modules/x && echo added > node_modules/x/added";
  const hiding = await layersOf("hides", { install: adds, command: `rm -r node_modules && ${adds}` });
  const own = await layersOf("needs", { install, command: adds });
  assert.equal(own.at(-1), hiding.at(-1), "they share the layer");
  assert.deepEqual(await seenIn(own, "app/node_modules/x"), ["added", "index.js"]);
});

test("an app may write in dependencies that were unpacked for another", { skip }, async () => {
  const install = installs("unpacked");
  const both = `${install} && echo of both > node_modules/x/b`;
  const [, , dependencies = ""] = await layersOf("first", { install: both });
  for (const path of ["node_modules/x/index.js", "node_modules/x", "node_modules", "."]) lchownSync(join(dependencies, "app", path), 0, 0);
  const layers = await layersOf("second", { install: both, command: "echo mine > node_modules/x/index.js" });
  assert.equal(layers.at(-2), dependencies, "they share the layer");
  assert.equal(readFileSync(join(layers.at(-1) ?? "", "app/node_modules/x/index.js"), "utf8"), "mine\n");
});

test("two apps whose builds end in the same moment with the same bytes both have them", { skip }, async () => {
  const folders = ["one", "other"].map((name) => join(fixture.home.root, name));
  for (const folder of folders) {
    mkdirSync(folder);
    writeFileSync(join(folder, "file"), "same");
  }
  const digest = `sha256:${"5a".repeat(32)}`;
  const [place = "", second] = await Promise.all(folders.map((folder) => keepFolder(fixture.home, digest, folder)));
  assert.equal(place, second);
  assert.equal(readFileSync(join(place, "file"), "utf8"), "same");
  assert.ok(!folders.some((folder) => existsSync(folder)));
});
