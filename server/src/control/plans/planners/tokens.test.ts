// What plans of tokens say, as values.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Token } from "../../access/token.ts";
import { seriesOf, stateOfGiver, stateOfSeries, stateOfToken } from "../../access/token-operations.ts";
import type { ListedToken } from "../../access/token-store.ts";
import { movedBetween } from "../fingerprint.ts";
import { tokenPlanners as planners } from "./tokens.ts";

const token = (name: string, more: Partial<ListedToken> = {}): ListedToken => ({
  id: `tok_${name}`,
  name,
  actor: `${name} for ada`,
  kind: "plain",
  person: "per_1",
  sha256: Buffer.alloc(32),
  grantId: "grt_1",
  terms: { verbs: ["read", "deploy"], namePrefix: "pr-", budget: { builds: 20 } },
  expiresAt: null,
  endsAt: null,
  createdAt: new Date(0),
  lastUsedAt: null,
  builds: 0,
  cpuMs: 0,
  ...more,
});
const by = { person: "per_1", giverVerbs: ["read", "deploy"] } as Partial<Token> as Token;
const giver = { token: by, actor: "ada" };
const rows = { giver, actor: "claude for ada", living: [token("ci")], fingerprint: {} };
const refusal = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return (error as SlipError).code;
  }
  return undefined;
};
const create = (input: object, of: object = rows) => planners["tokens.create"].plan(input as never, of as never);

test("a new token is planned with its grant, and its hash is left to who applies it", () => {
  const grant = { verbs: ["read"], projects: ["shop"], limits: { apps: 3 }, expiresAt: "2027-01-01T00:00:00.000Z" };
  const { changes, quota, inverse, asks } = create({ name: "claude", grant });
  assert.deepEqual(changes, [
    { what: "token claude", to: "claude for ada" },
    { what: "grant environments", to: "all" },
    { what: "grant expiresAt", to: "2027-01-01T00:00:00.000Z" },
    { what: "grant limits.apps", to: "3" },
    { what: "grant projects", to: "shop" },
    { what: "grant verbs", to: "read" },
  ]);
  assert.deepEqual([asks, inverse, quota[0]?.used], [["sha256"], { operation: "tokens.revoke", input: {} }, 2]);
  const sha256 = "ab".repeat(32);
  const given = create({ name: "claude", grant, sha256 });
  assert.equal(given.asks, undefined);
  assert.doesNotMatch(JSON.stringify(given), new RegExp(sha256));
});

test("a plan of a token whose name is taken, or which would be one too many, is refused", () => {
  assert.equal(
    refusal(() => create({ name: "ci", grant: { verbs: [] } })),
    "conflict",
  );
  const others = Array.from({ length: limit("tokens") }, (_, index) => token(`t${index}`, { person: "per_2" }));
  assert.equal(
    refusal(() => create({ name: "ci", grant: { verbs: [] } }, { ...rows, living: others })),
    "conflict",
  );
  assert.equal(
    refusal(() => create({ name: "ci", grant: { verbs: [] } }, { ...rows, living: others.slice(1) })),
    undefined,
    "a name of somebody else's is free",
  );
});

test("the end of a token names who is refused, and when it was used last", () => {
  const lastUsedAt = new Date("2026-11-26T10:00:00.000Z");
  const { changes, interrupts } = planners["tokens.revoke"].plan({ token: "tok_ci" } as never, { row: token("ci", { lastUsedAt }) } as never);
  assert.deepEqual(changes[0], { what: "token tok_ci", from: "ci for ada" });
  assert.ok(changes.some(({ what, from, to }) => what === "grant budget.builds" && from === "20" && to === undefined));
  assert.match(interrupts[0]?.why ?? "", /last used at 2026-11-26T10:00:00\.000Z/);
});

test("another giver, what they may do, and a token of the same name make a plan stale", () => {
  const before = stateOfGiver(giver, rows.living);
  assert.deepEqual(movedBetween(before, stateOfGiver(giver, [...rows.living, token("x", { person: "per_2" }), token("y", { kind: "oauth" })])), []);
  assert.deepEqual(movedBetween(before, stateOfGiver({ ...giver, actor: "bob" }, rows.living)), ["giver: ada → bob"]);
  assert.deepEqual(movedBetween(before, stateOfGiver({ ...giver, token: { ...by, giverVerbs: ["read"] } }, rows.living)), [
    "what its giver may do: read, deploy → read",
  ]);
  assert.deepEqual(movedBetween(before, stateOfGiver(giver, [...rows.living, token("x")])), ["token x is there now"]);
  assert.deepEqual(movedBetween(stateOfToken(token("ci")), stateOfToken(token("ci", { terms: { verbs: ["read"] } }))), ["grant is another"]);
});

const [own, before, others] = [token("own", { name: "ci" }), token("before", { name: "ci", endsAt: new Date("2026-11-27T10:00:00.000Z") }), token("others")];
const living = [own, before, others].map((each) => ({ ...each, actor: each === others ? "other for ada" : "ci for ada" }));
const series = seriesOf("tok_own", living);

test("a token that replaces itself is planned with those of before, when each ends, and without its secret", () => {
  const plan = (asking: string, graceMs: number, more = {}) => planners["token.rotate"].plan({ graceMs, ...more } as never, { asking, series } as never);
  const { changes, interrupts, asks } = plan("tok_own", 3_600_000);
  assert.deepEqual(changes, [
    { what: "token tok_own", from: "works", to: "works for 1 hour more" },
    { what: "token tok_before", from: "works until 2026-11-27T10:00:00.000Z", to: "works for 1 hour more, or until its end" },
    { what: "token in its place", to: "ci for ada, with the same grant" },
  ]);
  assert.deepEqual([asks, interrupts[0]?.why], [["sha256"], "It is refused after 1 hour."]);
  assert.equal(plan("tok_own", 0).changes[1]?.to, "is refused at once");
  const sha256 = "ab".repeat(32);
  assert.doesNotMatch(JSON.stringify(plan("tok_own", 0, { sha256 })), new RegExp(`${sha256}|"asks"`));
  for (const asking of ["tok_before", "tok_gone"])
    assert.equal(
      refusal(() => plan(asking, 0)),
      "conflict",
      "one that was replaced replaces none",
    );
});

test("another token that asks, and a replacement meanwhile, make a plan of it stale", () => {
  const state = stateOfSeries("tok_own", series);
  assert.deepEqual(Object.keys(state), ["token that asks", "token tok_own", "token tok_before"]);
  assert.deepEqual(movedBetween(state, stateOfSeries("tok_other", series)), ["token that asks: tok_own → tok_other"]);
  assert.deepEqual(movedBetween(state, stateOfSeries("tok_own", series.slice(0, 1))), ["token tok_before is gone"]);
  const replaced = series.map((each) => ({ ...each, endsAt: each.endsAt ?? new Date(0) }));
  assert.deepEqual(movedBetween(state, stateOfSeries("tok_own", replaced)), ["token tok_own: ci for ada → ci for ada, until 1970-01-01T00:00:00.000Z"]);
});
