import assert from "node:assert/strict";
import { test } from "node:test";
import type { Digest } from "@slipstream/contract/words.ts";
import { findingsIn } from "./audit.ts";
import { type Finding, steady } from "./finding.ts";
import type { Look } from "./look.ts";

const id = "dep_01m7xm9abf060jxg485492xs7b";
const instance = "ins_01m7xm9abf060jxg485492xs7b";
const artifact = `sha256:${"a".repeat(64)}` as Digest;
const table = { table: "slip_ab12cd" };

/** One live app with one instance, and one network in reserve. */
const healthy = (): Look => ({
  books: {
    workloads: [{ id, app: "shop", desire: "running", instances: 1, targets: 1, open: false }],
    artifacts: [{ tenant: "local", artifact, app: "shop", release: 1 }],
    halfLive: [],
    unlived: [],
    strayRoutes: [],
    unrouted: [],
    strayDomains: [],
    strayWorkloads: [],
    unrestorable: [],
  },
  workloads: [
    {
      id,
      desire: "running",
      release: 1,
      artifact,
      instances: [{ instance, address: "10.7.1.1:3000", state: "ready", sandbox: "gvisor", restarts: 0 }],
    },
  ],
  machine: {
    held: {
      sandboxes: [{ sandbox: instance, network: "slipab12cd-1", workload: id, runs: true }],
      networks: ["slipab12cd-2"],
      builds: ["dep_building"],
      workloads: [id],
    },
    found: [
      { kind: "bundle", name: instance },
      { kind: "cgroup", name: instance },
      { kind: "mount", name: `/srv/slip/run/instances/${instance}/root` },
      { kind: "namespace", name: "slipab12cd-1" },
      { kind: "namespace", name: "slipab12cd-2" },
      { kind: "interface", name: "slipab12cd-1" },
      { kind: "interface", name: "slipab12cd-2" },
      { kind: "process", name: `${instance}:4711` },
      { kind: "runtime-state", name: instance },
      { kind: "workload-record", name: id },
      { kind: "job-record", name: id },
      { kind: "workspace", name: "dep_building" },
      { kind: "table", name: "slip_ab12cd" },
    ],
    incomplete: [],
    changed: [],
  },
  tables: { wanted: "t1", onDisk: "t1", edges: [{ edge: "edge-0.sock", digest: "t1" }] },
});

const short = ({ problem, kind, name }: Finding): string => `${problem} ${kind} ${name}`;

test("nothing is found where everything is as it should be", () => {
  assert.deepEqual(findingsIn(healthy(), table), []);
});

const orphans = [
  { kind: "bundle", name: "ins_left" },
  { kind: "cgroup", name: "run-left" },
  { kind: "mount", name: "/srv/slip/run/runs/run-left/root" },
  { kind: "namespace", name: "slipab12cd-9" },
  { kind: "interface", name: "slipab12cd-9" },
  { kind: "process", name: "ins_left:99" },
  { kind: "exit-code", name: "ins_left" },
  { kind: "runtime-state", name: "ins_left" },
  { kind: "workload-record", name: "dep_left" },
  { kind: "job-record", name: "dep_left" },
  { kind: "workspace", name: "dep_left" },
  { kind: "temporary", name: "abc" },
  { kind: "table", name: "slip_ab12cd_old" },
] as const;
for (const thing of orphans)
  test(`a ${thing.kind} that nothing needs is an orphan`, () => {
    const seen = healthy();
    seen.machine.found.push(thing);
    assert.deepEqual(findingsIn(seen, table).map(short), [`orphan ${thing.kind} ${thing.name}`]);
  });

for (const kind of ["bundle", "mount", "namespace", "interface", "process"] as const)
  test(`an instance that runs without its ${kind} has lost it`, () => {
    const seen = healthy();
    seen.machine.found = seen.machine.found.filter((thing) => thing.kind !== kind || thing.name === "slipab12cd-2");
    assert.deepEqual(findingsIn(seen, table).map(short), [`loss ${kind} ${instance}`]);
    seen.machine.held.sandboxes = seen.machine.held.sandboxes.map((sandbox) => ({ ...sandbox, runs: false }));
    assert.deepEqual(findingsIn(seen, table), [], "one that is being started or ended is not judged");
  });

const changes: [string, (seen: Look) => Look, string[]][] = [
  ["a workload that the host does not have", (seen) => ({ ...seen, workloads: [] }), [`loss workload ${id}`]],
  ["a workload that nobody wants", (seen) => ({ ...seen, books: { ...seen.books, workloads: [] } }), [`orphan workload ${id}`, `orphan job-record ${id}`]],
  [
    "a workload with too few instances",
    (seen) => ({ ...seen, workloads: seen.workloads.map((workload) => ({ ...workload, instances: [] })) }),
    [`difference workload ${id}`],
  ],
  [
    "a workload that is frozen and should serve",
    (seen) => ({ ...seen, workloads: seen.workloads.map((workload) => ({ ...workload, desire: "parked" as const })) }),
    [`difference workload ${id}`],
  ],
  ["an artifact of which something is missing", (seen) => ({ ...seen, machine: { ...seen.machine, incomplete: [artifact] } }), [`loss artifact ${artifact}`]],
  [
    "an unpacked layer that has changed",
    (seen) => ({ ...seen, machine: { ...seen.machine, changed: [{ layer: artifact, path: "app/main.js", workloads: [id] }] } }),
    [`difference layer ${artifact}`],
  ],
  ["another table on the disk", (seen) => ({ ...seen, tables: { ...seen.tables, onDisk: "t0" } }), ["difference route table.json"]],
  ["no table on the disk", (seen) => ({ ...seen, tables: { ...seen.tables, onDisk: undefined } }), ["difference route table.json"]],
  [
    "an edge with another table, and one that is dead",
    (seen) => ({
      ...seen,
      tables: {
        ...seen.tables,
        edges: [...seen.tables.edges, { edge: "edge-1.sock", digest: "t0" }, { edge: "edge-2.sock", digest: undefined }],
      },
    }),
    ["difference route edge-1.sock", "orphan socket edge-2.sock"],
  ],
  ["no edge", (seen) => ({ ...seen, tables: { ...seen.tables, edges: [] } }), ["loss socket edge"]],
  [
    "rows that contradict one another",
    (seen) => ({
      ...seen,
      books: {
        ...seen.books,
        halfLive: [{ deployment: id, app: "shop", why: "it is failed" }],
        unlived: [{ release: "rel_1", app: "shop", deployment: id }],
        strayRoutes: [{ host: "shop.slip.localhost", path: "/", app: "shop", appId: "app_1", live: null, deployment: id }],
        strayDomains: [{ host: "shop.example.org", app: "shop", deployment: id }],
      },
    }),
    [`difference deployment ${id}`, "orphan release rel_1", "orphan domain shop.example.org", "difference route shop.slip.localhost/"],
  ],
];
for (const [name, change, expected] of changes)
  test(`it finds ${name}`, () => {
    assert.deepEqual(findingsIn(change(healthy()), table).map(short), expected);
  });

test("what is under way is not judged", () => {
  const seen = healthy();
  seen.books.workloads = seen.books.workloads.map((row) => ({ ...row, open: true }));
  assert.deepEqual(findingsIn({ ...seen, workloads: [] }, table), []);
  const before = findingsIn({ ...healthy(), workloads: [] }, table);
  assert.deepEqual(steady(before, findingsIn(healthy(), table)), [], "gone at the second look");
  assert.deepEqual(steady([], before), [], "come since the first look");
  assert.deepEqual(steady(before, before), before);
});
