import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, laterChange, obstacleTo, toEntry, undoerOf } from "./entry.ts";

const entry = (id: string, operation: string, input: Record<string, unknown> = {}, more: Partial<Entry> = {}): Entry => ({
  ...{ id, operation, input: { app: "shop", ...input }, time: new Date(0), actor: "ada", approvedBy: null, requestId: "r", app: "shop" },
  inverse: { operation: "env.set", input: {} },
  ...{ noUndo: null, undoes: null, undoneBy: null, deployment: null, deploymentState: null, deploymentFailure: null, deploymentKind: null },
  ...more,
});

const set = (id: string, name: string, more?: Partial<Entry>): Entry => entry(id, "env.set", { values: { [name]: "x" } }, more);
const live = (id: string, kind: Entry["deploymentKind"] = "deploy"): Partial<Entry> => ({
  deployment: `dep_${id}`,
  deploymentState: "live",
  deploymentKind: kind,
});
const deploy = (id: string, more?: Partial<Entry>): Entry =>
  entry(id, "deployments.create", {}, { ...live(id), inverse: { operation: "releases.rollback", input: { to: 1 } }, ...more });
const configured = (id: string, name: string): Entry => set(id, name, live(id, "config"));
const firstDeploy = deploy("1", { inverse: { operation: "apps.destroy", input: {} } });
const destroyed = (id: string, more?: Partial<Entry>): Entry => entry(id, "apps.destroy", {}, { inverse: { operation: "apps.restore", input: {} }, ...more });

const cases: [what: string, undone: Entry, later: Entry[], blocking: string | undefined][] = [
  ["a variable and the same one later", set("1", "A"), [set("2", "A")], "2"],
  ["a variable and another one later", set("1", "A"), [set("2", "B")], undefined],
  ["a variable and a secret of its name", set("1", "A"), [entry("2", "secrets.set", { names: ["A"] })], undefined],
  ["a variable and one that was removed in the same step", set("1", "A"), [entry("2", "env.set", { values: { B: "1" }, remove: ["A"] })], "2"],
  ["a secret and its version restored later", entry("1", "secrets.set", { names: ["A"] }), [entry("2", "secrets.restore", { versions: { A: 1 } })], "2"],
  ["a variable and a deploy, which takes it along", configured("1", "A"), [deploy("2")], undefined],
  ["a variable and a rollback, which has put it back", configured("1", "A"), [entry("2", "releases.rollback", {}, live("2", "rollback"))], "2"],
  ["a deploy and a change of configuration, which is a release", deploy("1"), [configured("2", "A")], "2"],
  ["a deploy and a staged variable, which stays staged", deploy("1"), [set("2", "A")], undefined],
  ["a deploy and one that failed", deploy("1"), [deploy("2", { deploymentState: "failed" })], undefined],
  ["a deploy and a restart, which has the same release", deploy("1"), [entry("2", "apps.restart", {}, { inverse: null, ...live("2", "restart") })], undefined],
  ["a deploy and the app destroyed", deploy("1"), [destroyed("2")], "2"],
  [
    "a deploy and the app destroyed and restored",
    deploy("1"),
    [destroyed("2", { undoneBy: "3" }), entry("3", "apps.restore", {}, { undoes: "2", ...live("3", "restore") })],
    undefined,
  ],
  ["the first deploy, which made the app, and anything later", firstDeploy, [set("2", "A")], "2"],
  ["an app destroyed, and a domain let go meanwhile", destroyed("1"), [entry("2", "domains.remove", { domain: "a.b" })], undefined],
  ["a change whose later one was undone", set("1", "A"), [set("2", "A", { undoneBy: "3" }), set("3", "A", { undoes: "2" })], undefined],
  [
    "a change whose later one was undone and done again",
    set("1", "A"),
    [set("2", "A", { undoneBy: "3" }), set("3", "A", { undoes: "2", undoneBy: "4" }), set("4", "A", { undoes: "3" })],
    "2",
  ],
];
for (const [what, undone, later, blocking] of cases)
  test(`in the way of undoing ${what}: ${blocking ?? "nothing"}`, () => assert.equal(laterChange(undone, later)?.id, blocking));

test("an entry is undone once, and can be undone again where the undoing failed or was undone", () => {
  const undoing = (more: Partial<Entry>): Entry => set("2", "A", { undoes: "1", ...live("2", "config"), ...more });
  const undone = set("1", "A", { undoneBy: "2" });
  assert.match(obstacleTo(undone, [undoing({})]) ?? "", /^1 was undone already, by env\.set by ada at .* \(2\); to do it again, undo that\.$/);
  assert.equal(obstacleTo(undone, [undoing({ deploymentState: "failed" })]), undefined);
  const redone = [undoing({ undoneBy: "3" }), set("3", "A", { undoes: "2", ...live("3", "config") })];
  assert.equal(obstacleTo(undone, redone), undefined);
  const all = new Map(redone.map((it) => [it.id, it]));
  assert.equal(undoerOf(undone, all), undefined);
  assert.equal(toEntry(undone, new Map([["2", undoing({})]])).undoneBy, "2");
});

test("what changed nothing, is under way, or has no inverse says so", () => {
  assert.match(obstacleTo(deploy("1", { deploymentState: "failed" }), []) ?? "", /did not become live, so 1 changed nothing/);
  assert.match(obstacleTo(deploy("1", { deploymentState: "running" }), []) ?? "", /under way; cancel it with 'slip cancel dep_1'/);
  assert.equal(obstacleTo(entry("1", "keys.rotate", {}, { inverse: null, noUndo: "Why." }), []), "Why.");
});

test("settings of a change whose place a newer one took went on with that", () => {
  const superseded = { deploymentState: "cancelled", deploymentFailure: "superseded" } as const;
  assert.equal(obstacleTo(set("1", "A", { ...live("1", "config"), ...superseded }), []), undefined);
  assert.match(obstacleTo(deploy("1", superseded), []) ?? "", /changed nothing/);
});
