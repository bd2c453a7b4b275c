// A manifest that was named by a change is the same, whether it is made of the change or read whole.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { type SourceChange, type SourceEntry, type SourceManifest, sourceDigest } from "@slipstream/contract/source.ts";
import { homeAt } from "./home.ts";
import { storedManifest } from "./stored-manifest.ts";

const folder = mkdtempSync(join(tmpdir(), "slip-manifests-"));
after(() => rmSync(folder, { recursive: true }));
const home = homeAt(folder);

const file = (path: string, digit = "0"): SourceEntry => ({ type: "file", path, sha256: digit.repeat(64), size: 1, executable: false });
const before: SourceManifest = { entries: [file("a"), file("b/c")] };
const base = sourceDigest(before);

/** Stores the manifest as control does; `note` is what is in the file of its change. */
const store = (tenant: string, manifest: SourceManifest, note?: string): string => {
  const digest = sourceDigest(manifest);
  mkdirSync(dirname(home.sourceManifest(tenant, digest)), { recursive: true });
  writeFileSync(home.sourceManifest(tenant, digest), JSON.stringify(manifest));
  if (note !== undefined) writeFileSync(home.sourceChange(tenant, digest), note);
  return digest;
};
const noteOf = (change: SourceChange): string => JSON.stringify(change);

test("one whose base is at hand is made of the change", () => {
  store("a", before);
  const entries = [file("a", "1"), file("d")];
  const now = { entries: [...entries] };
  const digest = store("a", now, noteOf({ base, entries, removed: ["b/c"] }));
  const known = storedManifest(home, "a", base);
  assert.deepEqual(known, before);
  writeFileSync(home.sourceManifest("a", digest), "this is not read");
  assert.equal(sourceDigest(storedManifest(home, "a", digest) ?? before), digest);
});

test("one whose base is not at hand, or whose note is not whole, is read", () => {
  const now = { entries: [file("a", "2"), file("b/c")] };
  for (const [tenant, note] of [
    ["no-base", noteOf({ base, entries: [file("a", "3")] })],
    ["half", '{"base":'],
    ["empty", ""],
  ] as const)
    assert.deepEqual(storedManifest(home, tenant, store(tenant, now, note)), now);
});

test("a change that makes what is no tree is refused", () => {
  store("unsafe", before);
  storedManifest(home, "unsafe", base);
  for (const [digit, entries] of [
    ["4", [{ type: "link", path: "b", target: "a" }]],
    ["5", [file("a/x")]],
    ["6", [{ type: "link", path: "a", target: "/etc" }]],
  ] as const) {
    const digest = store("unsafe", { entries: [file("a", digit)] }, noteOf({ base, entries: [...entries] }));
    assert.throws(() => storedManifest(home, "unsafe", digest), { code: "source_unsafe" });
  }
});
