import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { Digest } from "@slipstream/contract/words.ts";
import { execOrThrow } from "#platform/exec.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { commitBlobs } from "#platform/oci/blob-file.ts";
import { blobPath, layerFolder } from "#platform/oci/layout.ts";
import { packLayer } from "#platform/oci/pack.ts";
import { LayerCheck } from "./layer-check.ts";

let root: string;
let home: Home;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "slip-layers-"));
  home = homeAt(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const large = 3 * 2 ** 20;

/** A layer whose own folder is its unpacked one, as a build leaves it: with something beside the layer, and a name that it deletes. */
const made = async (): Promise<{ layer: Digest; at: (path: string) => string }> => {
  const folder = join(root, "made");
  mkdirSync(join(folder, "app/left-over"), { recursive: true });
  writeFileSync(join(folder, "app/main.js"), "console.log(1)");
  writeFileSync(join(folder, "app/large"), Buffer.alloc(large, 7));
  writeFileSync(join(folder, "app/left-over/cache"), "whatever");
  symlinkSync("main.js", join(folder, "app/link"));
  await execOrThrow(["mknod", join(folder, "app/deleted"), "c", "0", "0"]);
  const sealed = await packLayer(home, folder, { maxBytes: 2 ** 30, without: (name) => name === "app/left-over", deleted: ["app/opaque"] });
  await commitBlobs(home, [sealed]);
  const layer = sealed.descriptor.digest as Digest;
  renameSync(folder, layerFolder(home, layer));
  return { layer, at: (path) => join(layerFolder(home, layer), path) };
};

const check = (leased = new Map<string, number>()) => new LayerCheck(home, leased);

test("a layer as its build left it is as it was packed", async () => {
  await made();
  assert.deepEqual(await check().changed(), []);
});

const flip = (path: string): void => {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(path, bytes);
};
const comeBack = (path: string): void => {
  rmSync(path);
  writeFileSync(path, "");
};
const damages: [string, string, (path: string) => void][] = [
  ["of which a bit flipped", "app/main.js", flip],
  ["that is large, and of which the last bit flipped", "app/large", flip],
  ["that was cut off", "app/main.js", (path) => truncateSync(path, 3)],
  ["that has grown", "app/main.js", (path) => writeFileSync(path, "more", { flag: "a" })],
  ["that is gone", "app/main.js", (path) => rmSync(path)],
  ["that can be executed now", "app/main.js", (path) => chmodSync(path, 0o755)],
  ["that was deleted, and is there", "app/deleted", comeBack],
];
for (const [what, name, damage] of damages)
  test(`a file ${what} is found, though the layer was whole a moment ago, and mended`, async () => {
    const { layer, at } = await made();
    const looking = check();
    assert.deepEqual(await looking.changed(), []);
    damage(at(name));
    assert.deepEqual(await looking.changed(), [{ layer, path: name.replace("deleted", ".wh.deleted") }]);
    const old = (await looking.renew(layer)) ?? "";
    assert.deepEqual(await looking.changed(), []);
    assert.equal(readFileSync(at("app/main.js"), "utf8"), "console.log(1)");
    assert.ok(existsSync(join(old, "app/large")), "who uses the old folder has it until it is removed");
  });

test("a link that leads elsewhere is found", async () => {
  const { layer, at } = await made();
  rmSync(at("app/link"));
  symlinkSync("large", at("app/link"));
  assert.deepEqual(await check().changed(), [{ layer, path: "app/link" }]);
});

test("a layer that a build uses is left alone, and so is one whose blob is damaged: it cannot be made anew", async () => {
  const { layer, at } = await made();
  flip(at("app/main.js"));
  assert.equal(await check(new Map([[layer, 1]])).renew(layer), undefined);
  flip(blobPath(home, layer));
  assert.deepEqual(await check().changed(), [], "nobody knows what is right");
  assert.equal(await check().renew(layer), undefined);
  assert.ok(existsSync(at("app/main.js")));
});
