// What plans of how people and agents come in say, as values.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { ListedProvider } from "../../sign-in/provider-store.ts";
import { stateOfCodes } from "../../sign-in/sign-in-operations.ts";
import { movedBetween } from "../fingerprint.ts";
import { signInPlanners as planners } from "./sign-in.ts";

const provider: ListedProvider = { name: "google", kind: "oidc", issuer: "https://accounts.google.com", clientId: "c", createdAt: new Date(0) };
const plan = (name: keyof typeof planners, input: object, rows: object) => planners[name].plan(input as never, rows as never);

test("a provider is planned without the secret of its client", () => {
  const input = { name: "other", kind: "oidc", clientId: "abc", clientSecret: "hunter2" };
  const planned = plan("providers.add", input, { issuer: "https://id.example.org", rows: [provider] });
  assert.deepEqual(planned.changes, [
    { what: "provider other", to: "oidc, https://id.example.org" },
    { what: "client id", to: "abc" },
    { what: "client secret", to: "kept, sealed" },
  ]);
  assert.doesNotMatch(JSON.stringify(planned), /hunter2/);
  for (const [name, issuer] of [
    ["google", "https://id.example.org"],
    ["other", provider.issuer],
  ])
    assert.throws(
      () => plan("providers.add", { ...input, name }, { issuer, rows: [provider] }),
      (error) => (error as SlipError).code === "conflict",
    );
});

test("the end of a provider says how many people are known by it", () => {
  const { interrupts } = plan("providers.remove", { name: "google" }, { provider, people: 2 });
  assert.equal(interrupts[0]?.what, "signing in with google, as which 2 people are known");
});

test("the end of a connection names the agent, and what it may do no more", () => {
  const row = { clientName: "Claude", personName: "ada", terms: { verbs: ["read"] } };
  const { changes, interrupts } = plan("connections.revoke", { connection: "grt_1" }, { row });
  assert.deepEqual(changes[0], { what: "connection grt_1", from: "Claude for ada" });
  assert.ok(changes.some(({ what, from }) => what === "grant verbs" && from === "read"));
  assert.equal(interrupts[0]?.what, "all that Claude does for ada");
});

test("a code is planned with whom it signs in, and with the end of the one of before", () => {
  const person = { id: "per_1", name: "Ada", email: null };
  const first = plan("sessions.code", {}, { person });
  assert.deepEqual(first.changes, [{ what: "code", to: "signs Ada in on the pages, once, within 10m" }]);
  assert.deepEqual([first.asks, first.interrupts], [["sha256"], []]);
  const next = plan("sessions.code", { sha256: "ab".repeat(32) }, { person, open: { expiresAt: new Date(0) } });
  assert.deepEqual(next.changes[0], { what: "code of before", from: "signs Ada in until 1970-01-01T00:00:00.000Z" });
  assert.deepEqual([next.interrupts[0]?.what, next.asks], ["who has the code of before", undefined]);
  const state = stateOfCodes("per_1", undefined);
  assert.deepEqual(movedBetween(state, stateOfCodes("per_2", undefined)), ["who signs in: per_1 → per_2"]);
  assert.deepEqual(movedBetween(state, stateOfCodes("per_1", { expiresAt: new Date(0) })), ["code of before is there now"]);
});
