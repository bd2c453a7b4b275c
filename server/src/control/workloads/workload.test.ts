import assert from "node:assert/strict";
import { test } from "node:test";
import { limit } from "@slipstream/contract/limits.ts";
import { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import { differences, followed } from "./host-watch.ts";
import { type Retired, retirements, sleepOf, workloadSpec } from "./workload.ts";

const id = "dep_01m7xm9abf060jxg485492xs7b";
const tags = { tenant: "local", project: "default", app: "shop", deployment: id, commit: "", instance: "" };
const artifact = `sha256:${"0".repeat(64)}`;

test("what is to run always never sleeps", () => {
  assert.deepEqual(sleepOf({ sleep: { after: 60_000 } }), { afterMs: 60_000, stopMs: 3_600_000 });
  assert.ok(sleepOf({ scale: {} }));
  assert.ok(sleepOf({ scale: { min: 0, max: 3 } }));
  assert.equal(sleepOf({ sleep: { after: 60_000 }, scale: { min: 1 } }), undefined);
});

test("a release without slip.toml runs with the defaults", () => {
  const spec = WorkloadSpec.parse(
    workloadSpec({ id, tags, release: { number: 1, artifact, config: {}, env: {} }, secrets: {}, instances: 1, account: null, codeBy: null }),
  );
  assert.equal(spec.port, 3_000);
  assert.equal(spec.memoryBytes, limit("memoryBytes"));
  assert.deepEqual(spec.health, { timeoutMs: limit("healthTimeoutMs"), startMs: limit("startMs") });
  assert.ok(!("command" in spec) && !("sandbox" in spec));
});

test("secrets stand over variables of the app, these over slip.toml", () => {
  const config = { run: { env: { A: "file", B: "file", C: "file" }, port: 80, command: ["serve"] } };
  const release = { number: 1, artifact, config, env: { B: "app", C: "app" } };
  const spec = workloadSpec({ id, tags, release, secrets: { C: "secret" }, instances: 2, account: null, codeBy: null });
  assert.deepEqual(spec.env, { A: "file", B: "app", C: "secret" });
  assert.deepEqual(spec.secretNames, ["C"]);
  assert.deepEqual([spec.port, spec.command, spec.instances], [80, ["serve"], 2]);
});

const retired = (name: string, of: Partial<Retired> = {}): Retired => ({
  id: name,
  isLiveRelease: false,
  desire: "running",
  retiredAt: new Date(9_000),
  waitedMs: 0,
  inFlight: 0,
  ...of,
});
const decide = (...all: Retired[]) => Object.fromEntries([...retirements(all)].map(([name, { kind }]) => [name, kind]));

test("the newest that serves no more is parked, older ones are removed", () => {
  assert.deepEqual(decide(retired("old", { retiredAt: new Date(1_000), desire: "parked" }), retired("new")), { new: "park", old: "remove" });
  assert.deepEqual(decide(retired("parked", { desire: "parked" })), { parked: "keep" });
});

test("requests that are under way are waited for, but not for ever, and never frozen", () => {
  assert.deepEqual(decide(retired("busy", { inFlight: 1 })), { busy: "wait" });
  assert.deepEqual(decide(retired("stuck", { inFlight: 1, waitedMs: limit("drainMs") })), { stuck: "remove" });
});

test("an older copy of the live release is no release to go back to", () => {
  assert.deepEqual(decide(retired("copy", { isLiveRelease: true }), retired("before", { retiredAt: new Date(4_000), desire: "parked" })), {
    copy: "remove",
    before: "keep",
  });
});

const target = { instance: "ins_01m7xm9abf060jxg485492xs7b", address: "10.9.0.2:3000" };
const instance = { ...target, state: "ready" as const, sandbox: "runc" as const, restarts: 0 };
const observed = { id, desire: "running" as const, release: 1, artifact, instances: [instance] };
const wanted = { id, desire: "running" as const, instances: 1, targets: [target] };

test("the host has what is desired, or something differs", () => {
  assert.deepEqual(differences([wanted], [observed]), []);
  assert.deepEqual(differences([wanted], []), [id], "it is missing");
  assert.deepEqual(differences([], [observed]), [id], "nobody wants it");
  assert.deepEqual(differences([{ ...wanted, desire: "parked" }], [observed]), [id], "it should be parked");
  assert.deepEqual(differences([{ ...wanted, instances: 2 }], [observed]), [id], "an instance is missing");
  assert.deepEqual(differences([{ ...wanted, targets: [] }], []), [], "it is being started");
  assert.deepEqual(differences([{ ...wanted, targets: [] }], [], "proven"), [id], "who started it may be gone");
  const starting = { ...observed, instances: [{ ...instance, state: "starting" as const }] };
  assert.deepEqual([differences([wanted], [starting]), differences([wanted], [starting], "proven")], [[], [id]], "whoever waited for it may be gone");
  assert.deepEqual(differences([wanted], [observed], "proven"), []);
});

test("requests follow an instance that answers, and go nowhere while none does", () => {
  const other = { instance: "ins_01m7xm9abf060jxg485492xs7c", address: "10.9.0.3:3000" };
  const gone = { instance: target.instance, address: "" };
  assert.deepEqual(followed([target], [instance]), [target]);
  assert.deepEqual(followed([target], []), [gone], "its address may be another's by now");
  assert.deepEqual(followed([target], [{ ...instance, ...other, state: "starting" }]), [gone]);
  assert.deepEqual(followed([gone], [{ ...instance, ...other }]), [other]);
  assert.deepEqual(followed([target], [{ ...instance, state: "starting" }]), [target], "a program that is started again keeps its address");
  assert.deepEqual(followed([], [instance]), [], "what is being started is told by its deployment");
});
