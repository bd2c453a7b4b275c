// What control compares of desired workloads with those of the host: what changed on either side, and everything where that is not known.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Observe, Workload } from "@slipstream/contract/ports/host.ts";
import { seedTenant } from "../control/apps/app-store.ts";
import { HostWatch } from "../control/workloads/host-watch.ts";
import { Observation } from "../runtime/workloads/observed.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane({}, { without: ["host", "keeper", "restate", "control", "edge-0"] });
  await seedTenant(plane.database);
  await plane.database.unsafe(`
    insert into apps (id, tenant, project_id, environment_id, name)
      select '${idOf(1, "app")}', p.tenant, p.id, e.id, 'shop' from projects p join environments e on e.project_id = p.id;
    insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment, live_at)
      select 'rel_shop', id, 1, '${artifact}', '{}', '{}', '{}', '${idOf(1)}', now() from apps where name = 'shop'`);
});
after(() => plane.stop());

const artifact = `sha256:${"0".repeat(64)}`;
const idOf = (number: number, kind = "dep"): string => `${kind}_${String(number).padStart(26, "0")}`;
const addressOf = (number: number): string => `10.1.${number >> 8}.${number & 255}:3000`;
const numbers = Array.from({ length: 1_200 }, (_, index) => index + 1);

const workload = (number: number): Workload => {
  const instance = { instance: idOf(number, "ins"), address: addressOf(number), state: "stopped", sandbox: "runc", restarts: 0 } as const;
  return { id: idOf(number), desire: "running", release: 1, artifact, instances: [instance] };
};

/** What a host has, what it was asked, and commands that it has records of. */
class Machine {
  readonly workloads = new Map<string, Workload>();
  readonly asked: Observe["kind"][] = [];
  jobs: string[] = [];
  #observation = new Observation();

  constructor() {
    for (const number of numbers) this.set(workload(number));
  }

  set(it: Workload): void {
    this.workloads.set(it.id, it);
  }

  /** Another process takes over. */
  succeed(): void {
    this.#observation = new Observation();
  }

  observe = async ({ of }: { of: Observe }) => {
    this.asked.push(of.kind);
    return { ...this.#observation.answer(of, [...this.workloads.values()]), jobs: of.kind === "next" && of.after === "" ? this.jobs : [] };
  };

  /** The kinds of what was asked since this was called last, each once. */
  kinds(): string[] {
    return [...new Set(this.asked.splice(0))];
  }
}

let machine: Machine;
let watch: HostWatch;
const look = async () => {
  const { differing, moved } = await watch.look({ database: plane.database, host: machine });
  return { differing: new Set(differing), moved };
};
/** Looks until what was told before is forgotten: a transaction that is open, as one of PostgreSQL's own, has it told once more. */
const untilQuiet = async (): Promise<void> => {
  for (const until = performance.now() + 60_000; ; await pause(20)) {
    machine.kinds();
    await look();
    if (machine.kinds().join() === "changed") return;
    assert.ok(performance.now() < until, "it is looked at again and again");
  }
};
const targetsOf = async (number: number): Promise<{ address: string }[] | undefined> =>
  (await plane.database<{ targets: { address: string }[] }[]>`select targets from workloads where id = ${idOf(number)}`)[0]?.targets;
const insert = (from: number, to: number) =>
  plane.database.unsafe(`
    insert into workloads (id, app_id, release_id, desire, instances, targets)
      select 'dep_' || lpad(i::text, 26, '0'), a.id, 'rel_shop', 'running', 1, jsonb_build_array(jsonb_build_object(
        'instance', 'ins_' || lpad(i::text, 26, '0'), 'address', '10.1.' || i / 256 || '.' || i % 256 || ':3000'))
      from generate_series(${from}, ${to}) i, apps a where a.name = 'shop'`);

beforeEach(async () => {
  await plane.database`delete from workloads`;
  await insert(1, numbers.length);
  [machine, watch] = [new Machine(), new HostWatch()];
  assert.deepEqual(await look(), { differing: new Set(), moved: false });
  assert.deepEqual(machine.kinds(), ["changed", "next"], "the first look is at everything");
});

test("nothing is looked at while nothing changes", async () => {
  await untilQuiet();
});

test("what is desired anew, changed, or not any more is looked at, until the host has it so", async () => {
  await insert(1_201, 1_201);
  await plane.database`update workloads set desire = 'parked' where id = ${idOf(7)}`;
  await plane.database`delete from workloads where id = ${idOf(9)}`;
  assert.deepEqual((await look()).differing, new Set([idOf(7), idOf(9), idOf(1_201)]));
  assert.deepEqual((await look()).differing, new Set([idOf(7), idOf(9), idOf(1_201)]), "it is still so");
  machine.set(workload(1_201));
  machine.set({ ...workload(7), desire: "parked" });
  machine.workloads.delete(idOf(9));
  assert.deepEqual((await look()).differing, new Set());
  await untilQuiet();
});

test("what the host has lost, or has and nobody wants, is found", async () => {
  machine.workloads.delete(idOf(3));
  machine.set(workload(5_000));
  assert.deepEqual((await look()).differing, new Set([idOf(3), idOf(5_000)]));
  assert.deepEqual((await targetsOf(3))?.[0]?.address, "", "requests go nowhere");
  machine.set(workload(3));
  machine.workloads.delete(idOf(5_000));
  assert.deepEqual(await look(), { differing: new Set(), moved: true });
  assert.deepEqual((await targetsOf(3))?.[0]?.address, addressOf(3));
});

test("what changed in a transaction that was open during a look is found by the next one", async () => {
  const [changed, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const changing = plane.database.begin(async (query) => {
    await query`update workloads set instances = 2 where id = ${idOf(4)}`;
    changed.resolve();
    await commit.promise;
  });
  await changed.promise;
  await plane.database`update workloads set instances = 2 where id = ${idOf(5)}`;
  assert.deepEqual((await look()).differing, new Set([idOf(5)]));
  commit.resolve();
  await changing;
  assert.deepEqual((await look()).differing, new Set([idOf(4), idOf(5)]));
});

test("everything is looked at where a host process, or PostgreSQL, has died, and where another look was begun", async () => {
  machine.succeed();
  machine.workloads.delete(idOf(600));
  assert.deepEqual((await look()).differing, new Set([idOf(600)]));
  assert.ok(machine.kinds().includes("next"));
  machine.set(workload(600));
  await look();
  machine.kinds();
  await plane.kill("postgres");
  await look();
  assert.ok(machine.kinds().includes("next"), "it may have lost what was committed");
  await new HostWatch().look({ database: plane.database, host: machine });
  machine.kinds();
  await look();
  assert.ok(machine.kinds().includes("next"), "another control may have forgotten changes");
});

test("a look that failed is made up for", async () => {
  await plane.database`update workloads set desire = 'parked' where id = ${idOf(2)}`;
  const away = { observe: (input: { of: Observe }) => (input.of.kind === "these" ? Promise.reject(new Error("away")) : machine.observe(input)) };
  await assert.rejects(watch.look({ database: plane.database, host: away }), /away/);
  assert.deepEqual((await look()).differing, new Set([idOf(2)]));
});

test("a command whose workload is gone is told with what differs", async () => {
  machine.jobs = [idOf(1), idOf(7_000)];
  const found = await watch.look({ database: plane.database, host: machine }, { anew: true, judged: "proven" });
  assert.deepEqual(found.differing, [idOf(7_000)]);
});
