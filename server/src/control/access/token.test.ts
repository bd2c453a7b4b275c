import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Verb } from "@slipstream/contract/access.ts";
import { bearerOf, findToken, indexOf, mayDo, type Token, type TokenRow, tokenOf } from "./token.ts";

const row = (of: Partial<TokenRow>): TokenRow => ({
  id: "tok_1",
  tenant: "local",
  actor: "somebody",
  kind: "plain",
  person: null,
  role: null,
  sha256: createHash("sha256").update("one").digest(),
  verbs: ["read"],
  grantId: null,
  terms: null,
  expiresAt: null,
  ...of,
});
const token = (text: string, expiresAt: Date | null = null): Token =>
  tokenOf(row({ actor: text, sha256: createHash("sha256").update(text).digest(), expiresAt }));
const now = new Date("2026-01-01T00:00:00Z");

test("a bearer token is taken out of its header, and nothing else is", () => {
  assert.equal(bearerOf("Bearer slip_abc"), "slip_abc");
  assert.equal(bearerOf("bearer slip_abc"), "slip_abc");
  for (const header of [undefined, "", "Bearer ", "Bearer", "Basic slip_abc", "Bearer a b", "Bearer \u00fc", "Bearer a,Bearer b", "Bearer\ta", " Bearer a"])
    assert.equal(bearerOf(header), undefined, String(header));
});

test("a token is somebody's, or nobody's", () => {
  assert.equal(findToken(indexOf([token("one"), token("two")]), "two", now)?.actor, "two");
  assert.equal(findToken(indexOf([token("one")]), "three", now), undefined);
  assert.equal(findToken(new Map(), "one", now), undefined);
});

test("an expired token is nobody's", () => {
  assert.equal(findToken(indexOf([token("one", new Date("2025-12-31T23:59:59Z"))]), "one", now), undefined);
  assert.equal(findToken(indexOf([token("one", new Date("2026-01-01T00:00:01Z"))]), "one", now)?.actor, "one");
});

test("a token may do what its verbs say", () => {
  assert.equal(mayDo({ kind: "plain", verbs: ["read", "deploy"] }, "deploy"), true);
  assert.equal(mayDo({ kind: "plain", verbs: ["read"] }, "destroy"), false);
  assert.equal(mayDo({ kind: "plain", verbs: [] }, "read"), false);
  assert.equal(mayDo({ kind: "plain", verbs: [] }, "any"), true);
  assert.equal(mayDo({ kind: "plain", verbs: [...Verb.options] }, "join"), false);
  assert.equal(mayDo({ kind: "invitation", verbs: ["join"] }, "any"), false);
  assert.equal(mayDo({ kind: "invitation", verbs: ["join"] }, "anybody"), true);
});

const all = [...Verb.options];
const grant = (verbs: Verb[]) => ({ grantId: "grt_1", terms: { verbs } });

test("what a token may do is what its giver, the role of its person and its grant all allow", () => {
  const verbs = (of: Partial<TokenRow>) => tokenOf(row({ verbs: all, ...of })).verbs;
  assert.deepEqual(verbs({}), all, "of no person");
  assert.deepEqual(verbs({ person: "per_1", role: "owner" }), all);
  assert.deepEqual(verbs({ person: "per_1", role: "developer" }), ["read", "deploy", "configure", "destroy"]);
  assert.deepEqual(verbs({ person: "per_1", role: "viewer" }), ["read"]);
  assert.deepEqual(verbs({ person: "per_1", role: null }), [], "of somebody who is no member");
  assert.deepEqual(verbs({ person: "per_1", role: "viewer", ...grant(["read", "destroy"]) }), ["read"], "a grant gives nothing that the role has not");
  assert.deepEqual(verbs({ person: "per_1", role: "owner", ...grant([]) }), [], "an empty list is nothing");
  assert.deepEqual(verbs({ verbs: ["read"], ...grant(["deploy"]) }), []);
  assert.deepEqual(tokenOf(row({ verbs: all, person: "per_1", role: "developer", ...grant(["read"]) })).giverVerbs, ["read", "deploy", "configure", "destroy"]);
});

test("a token ends when it or its grant does, whichever is first", () => {
  const [early, late] = ["2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"];
  const end = (expiresAt: string | null, ofGrant?: string) =>
    tokenOf(
      row({ expiresAt: expiresAt === null ? null : new Date(expiresAt), terms: { verbs: [], ...(ofGrant === undefined ? {} : { expiresAt: ofGrant }) } }),
    ).expiresAt?.toISOString();
  assert.deepEqual([end(null), end(early), end(null, late), end(early, late), end(late, early)], [undefined, early, late, early, early]);
});
