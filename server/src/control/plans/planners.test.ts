// What operations would do, as values: each planner is asked with rows that no database has.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { PlanChange } from "@slipstream/contract/plan.ts";
import type { SourceManifest } from "@slipstream/contract/source.ts";
import type { ListedRelease } from "../releases/release-store.ts";
import type { AppRows } from "./app-rows.ts";
import { fileChanges } from "./diff.ts";
import { type AppState, fingerprintOf, movedBetween } from "./fingerprint.ts";
import { bounded } from "./plan.ts";
import type { Planned } from "./planner.ts";
import type { DeployRows } from "./planners/deployments.ts";
import { plannerOf, planners } from "./planners.ts";

const at = new Date(0);
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

const releaseOf = (number: number, more: Partial<ListedRelease> = {}): ListedRelease => ({
  id: `rel_${number}`,
  appId: "app_1",
  number,
  artifact: digest(String(number)),
  source: digest("a"),
  commit: null,
  config: {},
  env: {},
  secretVersions: {},
  deployment: `dep_${number}`,
  createdAt: at,
  liveAt: at,
  isLive: false,
  isParked: false,
  ...more,
});

const live = releaseOf(3, { config: { run: { memory: 512 * 2 ** 20 } }, env: { COLOUR: "red", OLD: "1" }, secretVersions: { KEY: 2 } });

const rowsOf = (more: Partial<AppRows> = {}): AppRows => ({
  app: {
    id: "app_1",
    tenant: "local",
    project: "default",
    name: "shop",
    instances: null,
    liveDeployment: "dep_3",
    release: 3,
    serving: 2,
    destroyedAt: null,
    releaseBefore: null,
    createdAt: at,
  } as AppRows["app"],
  live,
  lastRelease: 4,
  env: { ...live.env },
  secrets: { ...live.secretVersions },
  lastVersions: { KEY: 5 },
  domains: [
    { host: "shop.slip.localhost", isDefault: true },
    { host: "shop.example.org", isDefault: false },
  ],
  open: [],
  releases: [live, releaseOf(2, { env: { COLOUR: "blue" }, secretVersions: { KEY: 1 } })],
  history: [
    { kind: "deploy", release: 2 },
    { kind: "deploy", release: 3 },
  ],
  fingerprint: {},
  ...more,
});
const newApp = (): AppRows =>
  rowsOf({ live: undefined, app: { ...rowsOf().app, liveDeployment: null, release: null, serving: 0 }, lastRelease: 0, releases: [], history: [] });

const planOf = (name: OperationName, input: object, rows: object): Planned => plannerOf(name).planner.plan(input as never, rows as never);
const refusal = (name: OperationName, input: object, rows: object): string => {
  try {
    planOf(name, input, rows);
  } catch (error) {
    return (error as SlipError).code;
  }
  return assert.fail(`${name} was planned`);
};

test("each operation that changes something has a planner, or says why it cannot be planned", () => {
  for (const { name, effect, notPlanned } of Object.values<Operation>(operations)) {
    const [isPlanned, isExcused] = [planners[name as OperationName] !== undefined, notPlanned !== undefined];
    if (effect === "read") assert.ok(!isPlanned && !isExcused, `${name} changes nothing`);
    else assert.ok(isPlanned !== isExcused, `${name}: add a planner to server/src/control/plans/planners/, or 'notPlanned' to its entry, and not both`);
  }
});

test("those that cannot be planned are contents and planning itself, and each says why", () => {
  const excused = Object.values<Operation>(operations).filter(({ notPlanned }) => notPlanned !== undefined);
  assert.deepEqual(excused.map(({ name }) => name).sort(), ["plans.apply", "plans.create", "sources.check", "sources.upload", "sources.uploadMany"]);
  for (const { name, notPlanned } of excused) assert.match(notPlanned ?? "", /^[A-Z].{20,}\.$/, name);
});

test("what cannot be planned is said with its reason", () => {
  for (const [name, code] of [
    ["apps.list", "not_plannable"],
    ["plans.apply", "not_plannable"],
    ["sources.upload", "not_plannable"],
    ["constructor", "invalid_input"],
    ["apps.nothing", "invalid_input"],
  ])
    assert.throws(
      () => plannerOf(name ?? ""),
      (error) => (error as SlipError).code === code,
      name,
    );
});

const drained = "WebSockets, and requests that take longer than 30s, of release 3";

describe("a plan names what would be different", () => {
  const cases: [string, OperationName, object, object, { changes: PlanChange[]; interrupts?: string[]; inverse?: string }][] = [
    ["scale up", "apps.scale", { app: "shop", instances: 5 }, rowsOf(), { changes: [{ what: "instances", from: "2", to: "5" }], inverse: "apps.scale 2" }],
    [
      "scale down",
      "apps.scale",
      { app: "shop", instances: 1 },
      rowsOf(),
      {
        changes: [{ what: "instances", from: "2", to: "1" }],
        interrupts: ["WebSockets, and requests that take longer than 30s, of 1 instance"],
        inverse: "apps.scale 2",
      },
    ],
    ["scale to what is", "apps.scale", { app: "shop", instances: 2 }, rowsOf(), { changes: [], inverse: "apps.scale 2" }],
    [
      "restart, while another waits",
      "apps.restart",
      { app: "shop" },
      rowsOf({ open: [{ id: "dep_9", kind: "restart", state: "waiting" }] }),
      {
        changes: [{ what: "instances", from: "2 instances", to: "2 new ones of release 3" }],
        interrupts: [drained, "the deployment dep_9 (restart), which waits"],
      },
    ],
    [
      "rollback to the one before",
      "releases.rollback",
      { app: "shop" },
      rowsOf(),
      {
        changes: [
          { what: "release", from: "3", to: "2" },
          { what: "artifact", from: digest("3"), to: digest("2") },
          { what: "slip.toml run.memory", from: "512MB" },
          { what: "env COLOUR", from: "red", to: "blue" },
          { what: "env OLD", from: "1" },
          { what: "secret KEY", from: "version 2", to: "version 1" },
        ],
        interrupts: [drained],
        inverse: "releases.rollback",
      },
    ],
    [
      "variables of a live app",
      "env.set",
      { app: "shop", values: { COLOUR: "green", NEW: "x" }, stage: false },
      rowsOf(),
      {
        changes: [
          { what: "release", from: "3", to: "5" },
          { what: "env COLOUR", from: "red", to: "green" },
          { what: "env NEW", to: "x" },
        ],
        interrupts: [drained],
        inverse: "env.set",
      },
    ],
    [
      "variables that take staged ones with them",
      "env.set",
      { app: "shop", values: { NEW: "x" }, stage: false },
      rowsOf({ env: { COLOUR: "red", OLD: "1", STAGED: "y" } }),
      {
        changes: [
          { what: "release", from: "3", to: "5" },
          { what: "env NEW", to: "x" },
          { what: "env STAGED", to: "y" },
        ],
        interrupts: [drained],
        inverse: "env.remove",
      },
    ],
    [
      "a variable that is staged",
      "env.remove",
      { app: "shop", names: ["OLD"], stage: true },
      rowsOf(),
      {
        changes: [
          { what: "env OLD", from: "1" },
          { what: "takes effect", to: "with the next deployment" },
        ],
        inverse: "env.set",
      },
    ],
    [
      "a secret, by the version that it will have",
      "secrets.set",
      { app: "shop", values: { KEY: "hunter2" }, stage: false },
      rowsOf(),
      {
        changes: [
          { what: "release", from: "3", to: "5" },
          { what: "secret KEY", from: "version 2", to: "version 6" },
        ],
        interrupts: [drained],
        inverse: "secrets.restore",
      },
    ],
    [
      "a secret of a new app",
      "secrets.set",
      { app: "shop", values: { TOKEN: "hunter2" }, stage: false },
      { ...newApp(), secrets: {} },
      {
        changes: [
          { what: "secret TOKEN", to: "version 1" },
          { what: "takes effect", to: "with the next deployment" },
        ],
        inverse: "secrets.remove",
      },
    ],
    [
      "a host name",
      "domains.add",
      { app: "shop", domain: "www.example.org" },
      { ...rowsOf(), owner: undefined },
      {
        changes: [
          { what: "domain www.example.org", to: "shop" },
          { what: "route www.example.org/", to: "served" },
        ],
        inverse: "domains.remove",
      },
    ],
    [
      "the end of a host name",
      "domains.remove",
      { app: "shop", domain: "shop.example.org" },
      rowsOf(),
      {
        changes: [
          { what: "domain shop.example.org", from: "shop" },
          { what: "route shop.example.org/", from: "served" },
        ],
        interrupts: ["requests to shop.example.org"],
        inverse: "domains.add",
      },
    ],
  ];
  for (const [what, name, input, rows, { changes, interrupts = [], inverse }] of cases)
    test(what, () => {
      const planned = planOf(name, input, rows);
      assert.deepEqual(planned.changes, changes);
      assert.deepEqual(
        planned.interrupts.map((interrupt) => interrupt.what),
        interrupts,
      );
      const told = planned.inverse && [planned.inverse.operation, planned.inverse.input.instances].filter((word) => word !== undefined).join(" ");
      assert.equal(told, inverse);
      assert.doesNotMatch(JSON.stringify({ ...planned, input: undefined }), /hunter2/);
    });
});

test("a plan that is refused is refused as the operation itself", () => {
  const owner = { appId: "app_2", app: null };
  const manyDomains = Array.from({ length: limit("domains") }, (_, index) => ({ host: `x${index}.example.org`, isDefault: false }));
  for (const [name, input, rows, code] of [
    ["apps.scale", { app: "shop", instances: 2 }, newApp(), "conflict"],
    ["apps.scale", { app: "shop", instances: 4 }, rowsOf({ live: releaseOf(3, { config: { scale: { max: 3 } } }) }), "invalid_input"],
    ["apps.create", { app: "shop" }, { owner: "others" }, "conflict"],
    ["releases.rollback", { app: "shop", to: 3 }, rowsOf(), "nothing_to_roll_back"],
    ["releases.rollback", { app: "shop", to: 1 }, rowsOf(), "nothing_to_roll_back"],
    ["env.set", { app: "shop", values: { PORT: "1" }, stage: false }, rowsOf(), "invalid_input"],
    ["env.remove", { app: "shop", names: ["NOPE"], stage: false }, rowsOf(), "not_found"],
    ["secrets.set", { app: "shop", values: { A: "x".repeat(limit("secretBytes") + 1) }, stage: false }, rowsOf(), "too_large"],
    ["domains.add", { app: "shop", domain: "other.slip.localhost" }, { ...rowsOf(), owner: undefined }, "invalid_input"],
    ["domains.add", { app: "shop", domain: "x.example.org" }, { ...rowsOf(), owner }, "conflict"],
    ["domains.add", { app: "shop", domain: "x.example.org" }, { ...rowsOf({ domains: manyDomains }), owner: undefined }, "conflict"],
    ["domains.remove", { app: "shop", domain: "shop.slip.localhost" }, rowsOf(), "not_found"],
    ["deployments.cancel", {}, { deployment: { id: "dep_1", app: "shop", state: "live", kind: "deploy", request: {} } }, "conflict"],
  ] as const)
    assert.equal(refusal(name, input, rows), code, name);
});

test("an app that is destroyed keeps what it has, and can be restored", () => {
  const { changes, interrupts, inverse } = planOf("apps.destroy", { app: "shop", purge: false }, rowsOf());
  assert.deepEqual(
    changes.map(({ what, to }) => [what, to]),
    [
      ["app", "destroyed, and kept for a while"],
      ["instances", undefined],
      ["domain shop.slip.localhost", "kept"],
      ["domain shop.example.org", "kept"],
    ],
  );
  assert.deepEqual([interrupts.length, inverse?.operation], [2, "apps.restore"]);
  assert.equal(refusal("apps.restore", { app: "shop" }, rowsOf()), "conflict");
});

test("the end of an app names all that goes with it", () => {
  const rows = rowsOf({ open: [{ id: "dep_9", kind: "deploy", state: "running" }] });
  const { changes, interrupts } = planOf("apps.destroy", { app: "shop", purge: true }, rows);
  assert.deepEqual(
    changes.map(({ what, to }) => [what, to]),
    ["app", "instances", "releases", "domain shop.slip.localhost", "domain shop.example.org", "env COLOUR", "env OLD", "secret KEY", "logs"].map((what) => [
      what,
      undefined,
    ]),
  );
  assert.deepEqual(
    interrupts.map(({ what }) => what),
    ["requests to shop.slip.localhost", "requests to shop.example.org", "the deployment dep_9 (deploy), which is running"],
  );
});

const manifestOf = (files: Record<string, string>): SourceManifest => ({
  entries: Object.entries(files).map(([path, letter]) => ({ type: "file", path, sha256: letter.repeat(64), size: 10, executable: false })),
});

const deployRows = (more: Partial<DeployRows>): DeployRows => ({
  fingerprint: {},
  input: { app: "shop", source: { kind: "tree", digest: digest("b") } },
  name: "shop",
  app: rowsOf(),
  isNameFree: true,
  source: { kind: "tree", digest: digest("b") },
  manifest: manifestOf({ "a.js": "1", "b.js": "2" }),
  config: { run: { memory: 2 ** 30, release_command: "migrate" } },
  before: manifestOf(
    Object.fromEntries([
      ["a.js", "1"],
      ["b.js", "3"],
      ["__proto__", "4"],
    ]),
  ),
  owners: [],
  sandboxFloor: undefined,
  ...more,
});

test("a deployment is compared with what is live: files, settings, host names, and what waits for it", () => {
  const app = rowsOf({ env: { COLOUR: "green", OLD: "1" } });
  const { changes, interrupts, quota, inverse } = planOf(
    "deployments.create",
    {},
    deployRows({ app, input: { ...deployRows({}).input, domain: "www.example.org" } }),
  );
  assert.deepEqual(changes, [
    { what: "release", from: "3", to: "5" },
    { what: "source", from: digest("a"), to: digest("b") },
    { what: "files", from: "3", to: "2: 0 added, 1 changed, 1 removed" },
    { what: "file __proto__", from: `10 bytes, sha256:${"4".repeat(12)}` },
    { what: "file b.js", from: `10 bytes, sha256:${"3".repeat(12)}`, to: `10 bytes, sha256:${"2".repeat(12)}` },
    { what: "instances", from: "2", to: "1" },
    { what: "slip.toml run.memory", from: "512MB", to: "1GB" },
    { what: "slip.toml run.release_command", to: "migrate" },
    { what: "domain www.example.org", to: "shop" },
    { what: "route www.example.org/", to: "served" },
    { what: "env COLOUR", from: "red", to: "green" },
  ]);
  assert.deepEqual(
    interrupts.map(({ what }) => what),
    [drained, 'release 3, by the release command "migrate"'],
  );
  assert.deepEqual(
    quota.map(({ limit: name, used }) => [name, used]),
    [
      ["sourceFiles", 2],
      ["sourceBytes", 20],
      ["instancesMax", 1],
      ["keptReleases", 3],
    ],
  );
  assert.deepEqual(inverse, { operation: "releases.rollback", input: { app: "shop", to: 3 } });
});

test("the first deployment of an app makes it, and interrupts nothing", () => {
  const rows = deployRows({ app: undefined, before: undefined, config: {} });
  const { changes, interrupts, inverse } = planOf("deployments.create", {}, rows);
  assert.deepEqual(
    changes.map(({ what, from }) => [what, from]),
    ["app", "release", "source", "files", "instances", "domain shop.slip.localhost", "route shop.slip.localhost/"].map((what) => [what, undefined]),
  );
  assert.deepEqual([interrupts, inverse?.operation], [[], "apps.destroy"]);
  assert.equal(refusal("deployments.create", {}, { ...rows, isNameFree: false }), "conflict");
  const owners = [{ host: "www.example.org", appId: "app_9", app: "other" }];
  assert.equal(refusal("deployments.create", {}, { ...rows, owners, input: { ...rows.input, domain: "www.example.org" } }), "conflict");
  assert.equal(refusal("deployments.create", {}, { ...rows, sandboxFloor: "gvisor", config: { run: { sandbox: "runc" } } }), "sandbox_below_floor");
});

test("of many files and changes some are named and all are counted", () => {
  const many = manifestOf(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`file-${index}`, "1"])));
  const changes = fileChanges(manifestOf({}), many);
  assert.equal(changes.length, 1 + limit("planFiles"));
  assert.equal(changes[0]?.to, "100: 100 added, 0 changed, 0 removed");
  const all = Array.from({ length: limit("planChanges") + 7 }, (_, index) => ({ what: `env A${index}`, to: "x".repeat(1_000) }));
  const kept = bounded(all);
  assert.deepEqual(kept.at(-1), { what: "more changes", to: "7" });
  assert.ok(kept.every(({ to }) => (to?.length ?? 0) <= 200));
});

describe("what has moved is named", () => {
  const state: AppState = {
    id: "app_1",
    name: "shop",
    liveDeployment: "dep_1",
    lastRelease: 1,
    instances: null,
    env: { A: "hash" },
    secrets: { KEY: 1 },
    domains: ["shop.slip.localhost"],
    openDeployments: [],
    openTasks: [],
  };
  const moves: [Partial<AppState>, string][] = [
    [{ id: "app_2" }, "app shop is another"],
    [{ liveDeployment: "dep_2" }, "live deployment: dep_1 → dep_2"],
    [{ lastRelease: 2 }, "last release: 1 → 2"],
    [{ instances: 3 }, "number of instances: not set → 3"],
    [{ env: { A: "other" } }, "env A is another"],
    [{ env: {} }, "env A is gone"],
    [{ secrets: { KEY: 2 } }, "secret KEY: version 1 → version 2"],
    [{ domains: [...state.domains, "x.example.org"] }, "domain x.example.org is there now"],
    [{ openDeployments: ["dep_3"] }, "open deployment dep_3 is there now"],
    [{ openTasks: ["tsk_1"] }, "open task tsk_1 is there now"],
  ];
  for (const [more, said] of moves) test(said, () => assert.deepEqual(movedBetween(fingerprintOf(state), fingerprintOf({ ...state, ...more })), [said]));
  test("and nothing where nothing has", () => assert.deepEqual(movedBetween(fingerprintOf(state), fingerprintOf({ ...state })), []));
  test("and all of an app that is gone", () => assert.ok(movedBetween(fingerprintOf(state), fingerprintOf(undefined)).includes("app shop is gone")));
});
