import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { homeAt } from "#platform/home.ts";
import { imageBlobs } from "#platform/oci/image.ts";
import { blobPath } from "#platform/oci/layout.ts";
import { packLayer } from "#platform/oci/pack.ts";
import { writeImage } from "#platform/oci/write-image.ts";
import { ArtifactCheck } from "./inspection.ts";

const root = mkdtempSync(join(tmpdir(), "slip-check-"));
const home = homeAt(root);
after(() => rmSync(root, { recursive: true, force: true }));

const made = async (text: string): Promise<string> => {
  const folder = mkdtempSync(join(root, "tree-"));
  writeFileSync(join(folder, "a.txt"), text);
  const sealed = await packLayer(home, folder, { maxBytes: 2 ** 20 });
  const config = { args: ["true"], env: {}, cwd: "/", port: 80 };
  return (await writeImage(home, { layers: [{ sealed }], config, labels: {}, maxBytes: 2 ** 20 })).digest;
};

test("of artifacts that were whole, the one whose layer is damaged is found; the layer is there until it is to be removed", async () => {
  const [one, two] = [await made("one"), await made("two")];
  const check = new ArtifactCheck(home);
  assert.deepEqual(await check.incomplete([one, two]), []);
  const layer = blobPath(home, imageBlobs(home, two).layers[0]?.digest ?? "");
  writeFileSync(layer, "not what it was", { flag: "r+" });
  assert.deepEqual(await check.incomplete([one, two]), [two]);
  assert.ok(existsSync(layer));
  await check.removeDamaged([one, two]);
  assert.ok(!existsSync(layer));
  assert.deepEqual(await check.incomplete([one, two]), [two]);
});

test("a damaged manifest, and one that is not there, are found", async () => {
  const digest = await made("three");
  truncateSync(blobPath(home, digest), 10);
  assert.deepEqual(await new ArtifactCheck(home).incomplete([digest, `sha256:${"0".repeat(64)}`]), [digest, `sha256:${"0".repeat(64)}`]);
});
