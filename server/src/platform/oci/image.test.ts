import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { exec, execOrThrow } from "#platform/exec.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { imageBlobs, openImage } from "./image.ts";
import { keepInIndex } from "./index-file.ts";
import { blobPath, hexOf, layerFolder } from "./layout.ts";
import { packLayer } from "./pack.ts";
import { writeImage } from "./write-image.ts";

const hasSkopeo = await exec(["skopeo", "--version"]).then(
  ({ code }) => code === 0,
  () => false,
);
const config = { args: ["node", "a b.js"], env: { PORT: "4000", A: "x=y", EMPTY: "" }, cwd: "/app", port: 4_000 };
let root: string;
let home: Home;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "slip-image-"));
  home = homeAt(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const made = async (text: string, maxBytes = 2 ** 20): Promise<string> => {
  const folder = mkdtempSync(join(root, "tree-"));
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app/a.txt"), text);
  const sealed = await packLayer(home, folder, { maxBytes: 2 ** 20 });
  return (await writeImage(home, { layers: [{ sealed }], config, labels: { b: "2", a: "1" }, maxBytes })).digest;
};

test("an image is opened as it was written, its layer unpacked", async () => {
  const image = await openImage(home, await made("hello"));
  assert.deepEqual(image.config, config);
  assert.equal(image.layers.length, 1);
  assert.equal(readFileSync(join(image.layers[0] ?? "", "app/a.txt"), "utf8"), "hello");
});

test("the same content is the same image, other content another", async () => {
  const digest = await made("one");
  assert.equal(await made("one"), digest);
  assert.notEqual(await made("two"), digest);
});

test("a layer whose folder is gone is unpacked again", async () => {
  const digest = await made("hello");
  const [layer = ""] = (await openImage(home, digest)).layers;
  rmSync(layer, { recursive: true });
  assert.equal(readFileSync(join((await openImage(home, digest)).layers[0] ?? "", "app/a.txt"), "utf8"), "hello");
});

const flipped = (path: string): void => {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
};
const damages = {
  flipped,
  truncated: (path: string) => truncateSync(path, statSync(path).size - 1),
  empty: (path: string) => truncateSync(path, 0),
  missing: (path: string) => rmSync(path),
} as const;
const blobs = {
  manifest: (digest: string) => digest,
  config: (digest: string) => imageBlobs(home, digest).config.digest,
  layer: (digest: string) => imageBlobs(home, digest).layers[0]?.digest ?? "",
} as const;
for (const [damage, act] of Object.entries(damages))
  for (const [blob, of] of Object.entries(blobs)) {
    if (damage === "missing" && blob === "manifest") continue;
    test(`a ${blob} that is ${damage} is artifact_damaged, and never used; made again it is whole`, async () => {
      const digest = await made("hello");
      act(blobPath(home, of(digest)));
      await assert.rejects(openImage(home, digest), { code: "artifact_damaged" });
      assert.ok(!existsSync(blobPath(home, digest)), "it is built anew for being missing");
      assert.ok(!existsSync(home.layers) || readdirSync(home.layers).length === 0, "nothing was unpacked");
      assert.equal(await made("hello"), digest);
      assert.equal(readFileSync(join((await openImage(home, digest)).layers[0] ?? "", "app/a.txt"), "utf8"), "hello");
    });
  }

test("an image that is not there is not_found", () => assert.rejects(openImage(home, `sha256:${"0".repeat(64)}`), { code: "not_found" }));

test("an image over its limit is refused and not named", async () => {
  await assert.rejects(made("x".repeat(5_000), 1_000), { code: "image_too_large" });
  assert.ok(!existsSync(join(home.oci, "index.json")));
});

test("other OCI tools read the layout", { skip: !hasSkopeo && "skopeo is not installed" }, async () => {
  const digest = await made("hello");
  const tag = `oci:${home.oci}:${hexOf(digest)}`;
  const inspected = JSON.parse(await execOrThrow(["skopeo", "inspect", tag])) as { Digest: string; Env: string[]; Labels: Record<string, string> };
  assert.equal(inspected.Digest, digest);
  assert.deepEqual(inspected.Env, ["A=x=y", "EMPTY=", "PORT=4000"]);
  await execOrThrow(["skopeo", "copy", "--quiet", tag, `dir:${join(root, "copy")}`]);
  assert.equal(await execOrThrow(["sha256sum", join(root, "copy/manifest.json")]), `${hexOf(digest)}  ${join(root, "copy/manifest.json")}\n`);
});

test("the index names what is kept", async () => {
  const [one, two] = [await made("one"), await made("two")];
  keepInIndex(home, new Set([two]));
  const index = readFileSync(join(home.oci, "index.json"), "utf8");
  assert.ok(index.includes(two) && !index.includes(one));
  assert.ok(!existsSync(layerFolder(home, one)));
});
