import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bearerOf, findToken, mayDo, type Token } from "./token.ts";

const token = (text: string, expiresAt: Date | null = null): Token => ({
  tenant: "local",
  actor: text,
  sha256: createHash("sha256").update(text).digest(),
  verbs: ["read"],
  expiresAt,
});
const now = new Date("2026-01-01T00:00:00Z");

test("a bearer token is taken out of its header, and nothing else is", () => {
  assert.equal(bearerOf("Bearer slip_abc"), "slip_abc");
  assert.equal(bearerOf("bearer slip_abc"), "slip_abc");
  for (const header of [undefined, "", "Bearer ", "Bearer", "Basic slip_abc", "Bearer a b"]) assert.equal(bearerOf(header), undefined, String(header));
});

test("a token is somebody's, or nobody's", () => {
  assert.equal(findToken([token("one"), token("two")], "two", now)?.actor, "two");
  assert.equal(findToken([token("one")], "three", now), undefined);
  assert.equal(findToken([], "one", now), undefined);
});

test("an expired token is nobody's", () => {
  assert.equal(findToken([token("one", new Date("2025-12-31T23:59:59Z"))], "one", now), undefined);
  assert.equal(findToken([token("one", new Date("2026-01-01T00:00:01Z"))], "one", now)?.actor, "one");
});

test("a token may do what its verbs say", () => {
  assert.equal(mayDo({ verbs: ["read", "deploy"] }, "deploy"), true);
  assert.equal(mayDo({ verbs: ["read"] }, "destroy"), false);
  assert.equal(mayDo({ verbs: [] }, "read"), false);
});
