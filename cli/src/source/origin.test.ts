import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nameOf, originOf } from "./origin.ts";

const folders = new Set([".", "app", "repo", "with#hash", "C:x", "a b"]);
const origin = (text: string) => originOf(text, (path) => folders.has(path));

describe("what a source names", () => {
  for (const [text, expected] of [
    ["app", { kind: "folder", path: "app" }],
    ["with#hash", { kind: "folder", path: "with#hash" }],
    ["C:x", { kind: "folder", path: "C:x" }],
    ["a b", { kind: "folder", path: "a b" }],
    ["repo#v1.2", { kind: "local-repository", path: "repo", ref: "v1.2" }],
    ["file:///srv/a%20b.git#main", { kind: "local-repository", path: "/srv/a b.git", ref: "main" }],
    ["https://example.org/a/b.git", { kind: "git", url: "https://example.org/a/b.git", ref: undefined }],
    ["https://example.org/a/b#feature/x", { kind: "git", url: "https://example.org/a/b", ref: "feature/x" }],
    ["ssh://git@example.org:22/a", { kind: "git", url: "ssh://git@example.org:22/a", ref: undefined }],
    ["git@example.org:a/b.git#v1", { kind: "git", url: "git@example.org:a/b.git", ref: "v1" }],
    ["example.org:b", { kind: "git", url: "example.org:b", ref: undefined }],
  ] as const)
    it(text, () => assert.deepEqual(origin(text), expected));

  for (const [text, code] of [
    ["", "source_missing"],
    ["missing", "source_missing"],
    ["missing#main", "source_missing"],
    ["../../etc/nothing", "source_missing"],
    ["$(rm -rf)", "source_missing"],
    ["a".repeat(5_000), "source_missing"],
    ["ftp://example.org/a", "git_refused"],
    ["ext::sh -c reboot", "git_refused"],
    ["file://elsewhere/a", "git_refused"],
    ["file:///a%2fb", "git_refused"],
    ["ssh://-oProxyCommand=x/a", "git_refused"],
    ["https://", "git_refused"],
    ["-oProxyCommand=x:a", "source_missing"],
    ["https://example.org/a#--upload-pack=x", "git_ref_unknown"],
    ["https://example.org/a#../../etc", "git_ref_unknown"],
    ["https://example.org/a#a b", "git_ref_unknown"],
    [`https://example.org/a#${"a".repeat(300)}`, "git_ref_unknown"],
    ["repo#-x", "git_ref_unknown"],
  ] as const)
    it(`refuses ${text.slice(0, 40)} as ${code}`, () => assert.throws(() => origin(text), { code }));

  it("proposes the address to somebody who left out https://", () => {
    assert.throws(() => origin("github.com/owner/repo"), { details: { next: "For a repository write its address: https://github.com/owner/repo" } });
  });

  it("names an app after the last part", () => {
    assert.deepEqual(["/srv/my-app/", "https://example.org/a/web.git", "git@example.org:shop.git"].map(nameOf), ["my-app", "web", "shop"]);
  });
});
