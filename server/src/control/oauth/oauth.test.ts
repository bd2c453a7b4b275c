import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { test } from "node:test";
import { grantOf, type Offer } from "./consent.ts";
import { challengeFor } from "./protected-resource.ts";
import { signingKey } from "./signing-key.ts";

test("a key file is one signing key, and a whole one", () => {
  const [one, same, other] = [signingKey(Buffer.alloc(32, 1)), signingKey(Buffer.alloc(32, 1)), signingKey(Buffer.alloc(32, 2))];
  assert.deepEqual(one, same);
  assert.notEqual(one.d, other.d);
  const { d: _, ...open } = one;
  const signature = sign("sha256", Buffer.from("text"), createPrivateKey({ key: one as never, format: "jwk" }));
  assert.equal(verify("sha256", Buffer.from("text"), createPublicKey({ key: open as never, format: "jwk" }), signature), true);
});

test("a door says where to get a token", () => {
  const issuer = "https://slip.localhost:8443";
  assert.equal(challengeFor(issuer, "/mcp"), `Bearer resource_metadata="${issuer}/.well-known/oauth-protected-resource/mcp", scope="read deploy"`);
  assert.equal(
    challengeFor(issuer, "", { error: "insufficient_scope", scope: "destroy" }),
    `Bearer error="insufficient_scope", resource_metadata="${issuer}/.well-known/oauth-protected-resource", scope="destroy"`,
  );
});

const offer: Offer = { verbs: ["read", "deploy"], projects: ["default", "shop"], environments: ["production", "preview"] };
const now = new Date("2026-01-01T00:00:00Z");
const usual = { verb: ["read"], project: ["default"], environment: ["production"], days: ["7"] };
const termsOf = (fields: Record<string, string[]>) => {
  const chosen = grantOf({ ...usual, ...fields }, offer, now);
  return "wrong" in chosen ? chosen.wrong : chosen.terms;
};

test("a grant is what was ticked of what was offered", () => {
  const least = { verbs: ["read"], projects: ["default"], environments: ["production"], expiresAt: "2026-01-08T00:00:00.000Z" };
  assert.deepEqual(termsOf({}), least);
  assert.deepEqual(termsOf({ verb: ["read", "destroy", "administer"], project: ["default", "others"] }), least, "nothing that was not offered");
  const { projects: _, ...whole } = least;
  assert.deepEqual(termsOf({ allProjects: ["yes"] }), whole);
  assert.deepEqual(termsOf({ apps: ["2"], memoryMiB: ["256"], instances: [" "], builds: ["0"], namePrefix: [" bot- "] }), {
    ...least,
    namePrefix: "bot-",
    limits: { apps: 2, memoryBytes: 256 * 2 ** 20 },
    budget: { builds: 0 },
  });
});

test("a form that is not whole makes no grant", () => {
  for (const fields of [
    { verb: [] },
    { verb: ["destroy"] },
    { project: [] },
    { environment: [] },
    { environment: ["x"] },
    { days: ["8"] },
    { days: [] },
    { apps: ["x"] },
    { apps: ["1.5"] },
    { apps: ["-1"] },
    { namePrefix: ["-x"] },
    { memoryMiB: ["1e400"] },
  ] as Record<string, string[]>[])
    assert.equal(typeof termsOf(fields), "string", JSON.stringify(fields));
});
