import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { sourceDigest } from "@slipstream/contract/source.ts";
import { homeAt } from "#platform/home.ts";
import { SourceStore } from "./source-store.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const manifest = { entries: ["one", "two"].map((text) => ({ type: "file" as const, path: text, sha256: sha256(text), size: text.length, executable: false })) };
const digest = sourceDigest(manifest);
const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "slip-sources-"));
});
after(() => rmSync(folder, { recursive: true }));

test("only what a tenant has not sent is asked for, and a source is complete when all is there", async () => {
  const home = homeAt(folder);
  const store = new SourceStore(home);
  await assert.rejects(store.complete("local", digest), refused("not_found"));
  assert.deepEqual(await store.check("local", digest, manifest), [sha256("one"), sha256("two")]);
  await store.upload("local", sha256("one"), Readable.from([Buffer.from("o"), Buffer.from("ne")]));
  assert.deepEqual(await store.check("local", digest, manifest), [sha256("two")]);
  await assert.rejects(store.complete("local", digest), refused("invalid_input"));
  assert.equal(await store.upload("local", sha256("two"), Readable.from([Buffer.from("two")])), 3);
  await store.complete("local", digest);
  assert.equal(readFileSync(home.sourceBlob("local", sha256("one")), "utf8"), "one");
  assert.deepEqual(await store.check("other", digest, manifest), [sha256("one"), sha256("two")], "another tenant's contents are not seen");
});

test("contents that come together are kept by their hashes, and one that was damaged is whole again", async () => {
  const store = new SourceStore(homeAt(folder));
  await store.check("many", digest, manifest);
  await store.uploadMany("many", [Buffer.from("one"), Buffer.from("other")]);
  assert.deepEqual(await store.check("many", digest, manifest), [sha256("two")]);
  const place = homeAt(folder).sourceBlob("many", sha256("one"));
  writeFileSync(place, "not");
  await store.uploadMany("many", [Buffer.from("two"), Buffer.from("one")]);
  await store.complete("many", digest);
  assert.equal(readFileSync(place, "utf8"), "one");
  assert.ok(!readdirSync(dirname(place)).some((name) => name.endsWith(".new")));
});

test("a content with another size than the manifest says is no part of a source", async () => {
  const store = new SourceStore(homeAt(folder));
  const [entry] = manifest.entries;
  assert.ok(entry);
  const small = { entries: [{ ...entry, size: 1 }] };
  await store.upload("sizes", entry.sha256, Readable.from([Buffer.from("one")]));
  assert.deepEqual(await store.check("sizes", sourceDigest(small), small), []);
  await assert.rejects(store.complete("sizes", sourceDigest(small)), refused("invalid_input"));
});

test("a content with another hash is refused and leaves nothing", async () => {
  const home = homeAt(folder);
  const path = home.sourceBlob("local", sha256("three"));
  await assert.rejects(new SourceStore(home).upload("local", sha256("three"), Readable.from([Buffer.from("not three")])), refused("invalid_input"));
  assert.deepEqual(readdirSync(dirname(path)), []);
});
