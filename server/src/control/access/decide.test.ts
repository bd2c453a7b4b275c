import assert from "node:assert/strict";
import { test } from "node:test";
import { type Beyond, Grant, type Verb } from "@slipstream/contract/access.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import { covers, decide, isScoped, notWithin, type PlacedApp, type Subject } from "./decide.ts";
import type { Token } from "./token.ts";

const everything: Verb[] = ["read", "deploy", "configure", "destroy", "administer"];
const developer: Verb[] = ["read", "deploy", "configure", "destroy"];
const tokenWith = (grant?: Grant, giverVerbs = developer): Pick<Token, "kind" | "verbs" | "giverVerbs" | "grant"> => ({
  kind: "plain",
  giverVerbs,
  verbs: grant ? giverVerbs.filter((verb) => grant.verbs.includes(verb)) : giverVerbs,
  ...(grant ? { grant } : {}),
});
const shop: PlacedApp = { name: "shop", project: "default", environment: "production" };
const subject = (of: Partial<Extract<Subject, { about: "app" }>> = {}): Subject => ({
  about: "app",
  app: shop,
  isNew: false,
  isBuild: false,
  used: { apps: 0, builds: 0, cpuMs: 0 },
  ...of,
});
const kind = (grant: Grant | undefined, operation: keyof typeof operations, about = subject(), giver = developer) =>
  decide(tokenWith(grant, giver), operations[operation], about).kind;

test("without a grant the role decides, and nobody approves what it does not give", () => {
  assert.equal(kind(undefined, "apps.destroy"), "allowed");
  assert.equal(kind(undefined, "apps.destroy", subject(), ["read"]), "forbidden");
  assert.equal(kind({ verbs: ["destroy"] }, "apps.destroy", subject(), ["read"]), "forbidden");
});

test("what is beyond a grant and within what its giver may do is approved by a person", () => {
  assert.equal(kind({ verbs: ["read", "deploy"] }, "apps.scale"), "allowed");
  assert.equal(kind({ verbs: ["read", "deploy"] }, "apps.destroy"), "needs_approval");
  assert.equal(kind({ verbs: [] }, "apps.create"), "needs_approval");
});

test("reads, contents and the administration are within the grant, or not at all", () => {
  assert.equal(kind({ verbs: ["deploy"] }, "apps.get"), "forbidden");
  assert.equal(kind({ verbs: ["read"] }, "sources.upload", { about: "nothing" }), "forbidden");
  assert.equal(kind({ verbs: developer }, "tokens.create", { about: "tenant" }, everything), "forbidden");
  assert.equal(kind({ verbs: [] }, "access.whoami", { about: "nothing" }), "allowed");
});

test("a grant covers apps by project, environment and the beginning of their name; an empty list covers none", () => {
  for (const [grant, expected] of [
    [{}, true],
    [{ projects: ["default"] }, true],
    [{ projects: [] }, false],
    [{ projects: ["side"] }, false],
    [{ environments: ["production"] }, true],
    [{ environments: [] }, false],
    [{ namePrefix: "sh" }, true],
    [{ namePrefix: "shop-" }, false],
    [{ projects: ["default"], namePrefix: "pr-" }, false],
  ] as const) {
    const whole = Grant.parse({ verbs: developer, ...grant });
    assert.equal(covers(whole, shop), expected, JSON.stringify(grant));
    assert.equal(isScoped(whole), Object.keys(grant).length > 0);
  }
});

test("of what it does not cover nothing is told; a change of it by name is approved by a person, whether it is there or not", () => {
  const grant: Grant = { verbs: developer, namePrefix: "pr-" };
  assert.equal(kind(grant, "apps.get"), "hidden");
  assert.equal(kind(grant, "apps.scale"), "needs_approval");
  assert.equal(kind(grant, "deployments.cancel", subject({ byId: "dep_1" })), "hidden");
  assert.equal(kind({ verbs: [], namePrefix: "pr-" }, "deployments.cancel", subject({ byId: "dep_1" })), "forbidden");
  assert.equal(kind(grant, "keys.list", { about: "tenant" }), "forbidden");
  assert.equal(kind(grant, "projects.create", { about: "tenant" }), "needs_approval");
  assert.equal(kind({ verbs: developer }, "keys.list", { about: "tenant" }), "allowed");
});

test("limits and budgets are the last that is allowed, and zero is none", () => {
  const grant = (of: object): Grant => Grant.parse({ verbs: developer, ...of });
  const create = (of: object, used: { apps: number; builds: number }) =>
    kind(grant(of), "deployments.create", subject({ isNew: true, isBuild: true, used: { cpuMs: 0, ...used } }));
  assert.equal(create({ limits: { apps: 2 } }, { apps: 1, builds: 0 }), "allowed");
  assert.equal(create({ limits: { apps: 2 } }, { apps: 2, builds: 0 }), "needs_approval");
  assert.equal(create({ limits: { apps: 0 } }, { apps: 0, builds: 0 }), "needs_approval");
  assert.equal(create({ budget: { builds: 1 } }, { apps: 0, builds: 0 }), "allowed");
  assert.equal(create({ budget: { builds: 1 } }, { apps: 0, builds: 1 }), "needs_approval");
  assert.equal(create({ limits: {}, budget: {} }, { apps: 9, builds: 9 }), "allowed");
  const scale = (instances: number) => kind(grant({ limits: { instances: 3 } }), "apps.scale", subject({ instances }));
  assert.deepEqual([scale(3), scale(4)], ["allowed", "needs_approval"]);
  const spent = (name: keyof typeof operations, cpuMs: number, cpuMinutes = 2) =>
    kind(grant({ budget: { cpuMinutes } }), name, subject({ used: { apps: 1, builds: 0, cpuMs } }));
  for (const name of ["deployments.create", "apps.scale", "apps.restart", "apps.run", "releases.rollback", "env.set"] as const)
    assert.deepEqual([spent(name, 119_999), spent(name, 120_000), spent(name, 0, 0)], ["allowed", "needs_approval", "needs_approval"], name);
  for (const name of ["apps.get", "apps.destroy"] as const) assert.equal(spent(name, 120_000), "allowed", name);
});

test("all that is beyond is named, and what was approved of it is lifted alone", () => {
  const grant: Grant = { verbs: ["read"], limits: { apps: 1, instances: 1 }, budget: { builds: 0, cpuMinutes: 1 } };
  const about = subject({ isNew: true, isBuild: true, instances: 2, used: { apps: 1, builds: 0, cpuMs: 60_000 } });
  const asked = (lifted: Beyond[], it: Subject = about) => decide(tokenWith(grant), operations["deployments.create"], it, lifted);
  const first = asked([]);
  assert.ok(first.kind === "needs_approval");
  assert.deepEqual(
    first.beyond.map(({ kind }) => kind),
    ["verb", "apps", "instances", "builds", "cpu"],
  );
  assert.equal(asked(first.beyond).kind, "allowed");
  for (const one of first.beyond) assert.deepEqual(asked(first.beyond.filter((it) => it !== one)), { kind: "needs_approval", beyond: [one] }, one.kind);
  assert.equal(asked(first.beyond, { ...about, instances: 3 } as Subject).kind, "needs_approval", "more than was named");
});

test("of an app that is not covered it is not counted how many there are, and its name is not said where an id has named it", () => {
  const grant: Grant = { verbs: developer, namePrefix: "pr-", limits: { apps: 0 } };
  const asked = decide(tokenWith(grant), operations["apps.create"], subject({ isNew: true }));
  assert.deepEqual(asked, { kind: "needs_approval", beyond: [{ kind: "app", app: "shop" }] });
  const byId = decide(tokenWith({ ...grant, verbs: [] }), operations["deployments.cancel"], subject({ byId: "dep_1" }));
  assert.deepEqual(byId, { kind: "forbidden", why: "The token may not deploy." });
});

test("a misspelt bound is refused, and a grant without verbs too", () => {
  for (const wrong of [
    {},
    { verbs: "read" },
    { verbs: ["write"] },
    { verbs: [], project: ["x"] },
    { verbs: [], limits: { app: 1 } },
    { verbs: [], budget: { build: 1 } },
    { verbs: [], limits: { apps: -1 } },
  ])
    assert.equal(Grant.safeParse(wrong).success, false, JSON.stringify(wrong));
});

test("who has a grant gives nothing that is not within it", () => {
  const outer: Grant = { verbs: ["read", "deploy", "administer"], projects: ["a", "b"], namePrefix: "pr-", expiresAt: "2030-01-01T00:00:00Z" };
  const inner: Grant = { verbs: ["read"], projects: ["a"], namePrefix: "pr-1", expiresAt: "2029-01-01T00:00:00Z" };
  assert.equal(notWithin(inner, outer), undefined);
  const { projects: _p, ...allProjects } = inner;
  const { namePrefix: _n, ...anyName } = inner;
  const { expiresAt: _e, ...endless } = inner;
  for (const wider of [
    allProjects,
    anyName,
    endless,
    { ...inner, verbs: ["destroy" as const] },
    { ...inner, projects: ["c"] },
    { ...inner, namePrefix: "p" },
    { ...inner, expiresAt: "2031-01-01T00:00:00Z" },
  ])
    assert.notEqual(notWithin(wider, outer), undefined, JSON.stringify(wider));
  assert.notEqual(notWithin(inner, { ...outer, budget: { builds: 5 } }), undefined, "what is counted is not given on");
});
