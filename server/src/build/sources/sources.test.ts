import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { sourceDigest } from "@slipstream/contract/source.ts";
import { homeAt } from "#platform/home.ts";
import { readManifest } from "./manifest.ts";
import { materialise } from "./materialise.ts";
import { storeTree } from "./store.ts";
import { storedTree } from "./tree.ts";

const root = mkdtempSync(join(tmpdir(), "slip-sources-"));
const home = homeAt(join(root, "home"));
after(() => rmSync(root, { recursive: true, force: true }));

const folder = (files: Record<string, string>): string => {
  const path = mkdtempSync(join(root, "tree-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
};

test("a stored tree is read and made again as it was", async () => {
  const tree = folder({ "a.txt": "A", "bin/run": "#!/bin/sh", "deep/er/b.txt": "B" });
  chmodSync(join(tree, "bin/run"), 0o700);
  symlinkSync("../a.txt", join(tree, "deep/link"));
  const source = await storeTree(home, "ten", tree);
  const manifest = readManifest(home, "ten", source);
  assert.equal(sourceDigest(manifest), source);
  const view = storedTree(home, "ten", manifest);
  assert.deepEqual(view.paths, ["a.txt", "bin/run", "deep/er/b.txt", "deep/link"]);
  assert.deepEqual([view.read("a.txt"), view.read("none")], ["A", undefined]);
  const copy = mkdtempSync(join(root, "copy-"));
  await materialise(manifest.entries, { home, tenant: "ten", folder: copy, owner: undefined });
  assert.equal(readFileSync(join(copy, "deep/link"), "utf8"), "A");
  assert.equal(readlinkSync(join(copy, "deep/link")), "../a.txt");
  assert.deepEqual(
    ["a.txt", "bin/run", "deep"].map((name) => statSync(join(copy, name)).mode & 0o777),
    [0o644, 0o755, 0o755],
  );
  writeFileSync(join(copy, "a.txt"), "changed");
  assert.equal(view.read("a.txt"), "A");
});

test("what is kept of another user's file belongs to whom the store does", { skip: process.getuid?.() !== 0 && "only root has files of others" }, async () => {
  const tree = folder({ "a.txt": "of git's user" });
  chownSync(join(tree, "a.txt"), 54_321, 54_321);
  mkdirSync(home.sources, { recursive: true });
  chownSync(home.sources, 0, 54_322);
  const [entry] = readManifest(home, "owned", await storeTree(home, "owned", tree)).entries;
  const { uid, gid } = statSync(home.sourceBlob("owned", entry?.type === "file" ? entry.sha256 : ""));
  assert.deepEqual([uid, gid], [0, 54_322]);
});

test(".slipignore and folders of git are left out, .gitignore is not read", async () => {
  const tree = folder({
    ".slipignore": "*.log\n/secret/\n",
    ".gitignore": "kept.txt\n",
    "kept.txt": "",
    "x.log": "",
    "secret/a": "",
    "sub/secret/b": "",
    "sub/.git/config": "",
    ".git/HEAD": "",
  });
  const { entries } = readManifest(home, "ten", await storeTree(home, "ten", tree));
  assert.deepEqual(
    entries.map(({ path }) => path),
    [".gitignore", ".slipignore", "kept.txt", "sub/secret/b"],
  );
});

test("a tree without files, and one that is not there, are told apart", async () => {
  await assert.rejects(storeTree(home, "ten", folder({})), { code: "source_empty" });
  await assert.rejects(storeTree(home, "ten", join(root, "none")), { code: "source_missing" });
  assert.throws(() => readManifest(home, "ten", `sha256:${"1".repeat(64)}`), { code: "source_missing" });
});

test("content that is missing is told by the file that needs it", async () => {
  const source = await storeTree(home, "ten", folder({ "a.txt": "only here" }));
  const { entries } = readManifest(home, "ten", source);
  const [entry] = entries;
  assert.ok(entry?.type === "file");
  rmSync(home.sourceBlob("ten", entry.sha256));
  await assert.rejects(materialise(entries, { home, tenant: "ten", folder: mkdtempSync(join(root, "copy-")), owner: undefined }), { code: "source_missing" });
});

test("content that is damaged is never built from, and is sent again", async () => {
  const { entries } = readManifest(home, "ten", await storeTree(home, "ten", folder({ "b.txt": "as it was" })));
  const [entry] = entries;
  assert.ok(entry?.type === "file");
  const blob = home.sourceBlob("ten", entry.sha256);
  writeFileSync(blob, "as it Was");
  await assert.rejects(materialise(entries, { home, tenant: "ten", folder: mkdtempSync(join(root, "copy-")), owner: undefined }), { code: "source_missing" });
  assert.ok(!existsSync(blob), "it counts as not sent");
});
