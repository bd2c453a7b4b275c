import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { sourceDigest } from "@slipstream/contract/source.ts";
import { openHashCache } from "./hash-cache.ts";
import { readTree } from "./manifest.ts";
import { walkFolder } from "./walk.ts";

describe("reading a tree", () => {
  let root: string;
  let cache: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "slip-tree-"));
    cache = mkdtempSync(join(tmpdir(), "slip-cache-"));
    writeFileSync(join(root, "a"), "one");
    writeFileSync(join(root, "b"), "two");
    chmodSync(join(root, "b"), 0o755);
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
    rmSync(cache, { recursive: true });
  });

  /** Ten seconds later as far as the cache can tell: what is on disk now is no longer new. */
  const rememberAsOld = (): void => {
    const { root: real, found } = walkFolder(root);
    const opened = openHashCache(cache, real);
    for (const file of found) if (file.type === "file") opened.remember(file, "f".repeat(64), Date.now() + 10_000);
    opened.save();
  };

  it("names each file by content, with its size and whether it runs", async () => {
    const { manifest } = await readTree(root, undefined);
    const entries = new Map(manifest.entries.map((entry) => [entry.path, entry]));
    assert.deepEqual(entries.get("a"), {
      type: "file",
      path: "a",
      sha256: "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
      size: 3,
      executable: false,
    });
    assert.equal((entries.get("b") as { executable: boolean }).executable, true);
  });

  it("gives the same digest for the same files, another for others", async () => {
    const digest = async () => sourceDigest((await readTree(root, cache)).manifest);
    const before = await digest();
    assert.equal(await digest(), before);
    writeFileSync(join(root, "a"), "new");
    assert.notEqual(await digest(), before);
    writeFileSync(join(root, "a"), "one");
    assert.equal(await digest(), before);
    chmodSync(join(root, "a"), 0o755);
    assert.notEqual(await digest(), before);
  });

  it("does not read again what it remembers", async () => {
    rememberAsOld();
    const { manifest } = await readTree(root, cache);
    assert.ok(manifest.entries.every((entry) => entry.type === "file" && entry.sha256 === "f".repeat(64)));
  });

  it("reads again what changed, also when size and time of change were kept", async () => {
    const { atime, mtime } = statSync(join(root, "a"));
    rememberAsOld();
    writeFileSync(join(root, "a"), "ONE");
    utimesSync(join(root, "a"), atime, mtime);
    const { manifest } = await readTree(root, cache);
    const [a] = manifest.entries.filter(({ path }) => path === "a");
    assert.equal(a?.type === "file" && a.sha256, createHash("sha256").update("ONE").digest("hex"));
  });

  it("does not remember a file that was changed just before it was read", async () => {
    await readTree(root, cache);
    const [file = ""] = readdirSync(join(cache, "hashes"));
    assert.equal(readFileSync(join(cache, "hashes", file), "utf8"), "{}");
  });

  it("does without a cache that is broken or cannot be written", async () => {
    rememberAsOld();
    const [file = ""] = readdirSync(join(cache, "hashes"));
    writeFileSync(join(cache, "hashes", file), '{"a": 7');
    assert.equal((await readTree(root, cache)).manifest.entries.length, 2);
    assert.equal((await readTree(root, "/dev/null/nowhere")).manifest.entries.length, 2);
  });
});
