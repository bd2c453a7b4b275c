// The workloads of this machine: what is asked for, and the instances that serve it. Desired state comes from outside alone.
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { DesiredState, EnsureResult, Workload, WorkloadDesire, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { ScheduledCall, ScheduledResult } from "@slipstream/contract/ports/scheduled.ts";
import type { FailureReport } from "@slipstream/contract/words.ts";
import { Turns } from "#platform/turns.ts";
import type { RuntimeGround } from "../ground.ts";
import { failureOf } from "../instances/failure.ts";
import type { Instance } from "../instances/instance.ts";
import { type Entry, entryOf, inTurn, restIn, viewOf } from "./entry.ts";
import { Resting } from "./resting.ts";
import { Schedules } from "./schedules.ts";
import { gate, Starting } from "./starting.ts";

/** After a reboot everything is to be started: not all at the same time, and no tenant's after all of another's. */
const endsMs = 5_000;
const startsAtOnce = 2 * availableParallelism();

const sandboxFailure = (error: SlipError): EnsureResult => ({
  outcome: "failed",
  failure: { phase: "start", code: error.code, summary: error.message, evidence: [], nextActions: [...error.nextActions] },
});

/** Whether a workload should not be here. Pure. */
export const surplusOf = ({ workloads, unwanted }: DesiredState): ((id: string) => boolean) => {
  const named = new Set(unwanted ?? workloads.map(({ spec }) => spec.id));
  return (id) => named.has(id) === (unwanted !== undefined);
};

export class Workloads {
  readonly #ground: RuntimeGround;
  readonly #entries = new Map<string, Entry>();
  readonly #removing = new Map<string, Promise<void>>();
  /** All that are there, those too that are being ended. */
  readonly #present = new Set<Instance>();
  readonly #starting: Starting;
  readonly #resting: Resting;
  readonly #schedules = new Schedules();
  constructor(ground: RuntimeGround) {
    this.#ground = ground;
    const starts = new Turns(startsAtOnce);
    this.#starting = new Starting(ground, starts, this.#present);
    this.#resting = new Resting(ground, starts, this.#present);
  }

  list(): Workload[] {
    return [...this.#entries.values()].map(viewOf);
  }

  /** Ids of the workloads that are here, or on their way out. */
  get held(): string[] {
    return [...new Set([...this.#entries.keys(), ...this.#removing.keys()])];
  }
  get present(): readonly Instance[] {
    return [...this.#present];
  }

  /** CPU time of all instances of a workload together, since their programs were started; undefined where it is not here. */
  cpuMs(id: string): number | undefined {
    return this.#entries.get(id)?.instances.reduce((sum, { use }) => sum + use.cpuMs(), 0);
  }

  layersInUse(): Set<string> {
    const used = [...this.#entries.values()].flatMap(({ instances }) => instances.flatMap(({ layers }) => [...layers]));
    return new Set([...used, ...this.#ground.spares.layers]);
  }

  /** Instances that have a layer, by its unpacked folder. */
  using(folder: string): Instance[] {
    return this.present.filter(({ layers }) => layers.includes(folder));
  }

  /** Ends sandboxes that were made in advance where they have a layer, by its unpacked folder. */
  async dropSpares(folder: string): Promise<void> {
    if (this.#ground.spares.layers.includes(folder)) await this.#ground.spares.clear();
  }

  /** Puts back a workload that an earlier host process ran, with the instances that are still there. */
  adopt(spec: WorkloadSpec, desire: WorkloadDesire, instances: Instance[]): void {
    for (const instance of instances) this.#present.add(instance);
    const entry = entryOf(spec, desire, instances);
    this.#entries.set(spec.id, entry);
    this.#resting.adopt(entry);
  }

  /** Makes the workload run as the spec says, and resolves when it is healthy or why it cannot be. Asked again, it is joined. */
  ensure(spec: WorkloadSpec): Promise<EnsureResult> {
    const entry = this.#entries.get(spec.id) ?? this.#add(spec);
    if (entry.ensuring?.instances === spec.instances) return entry.ensuring.result;
    const result = inTurn(entry, () => this.#ensure(entry, spec));
    const ensuring = { instances: spec.instances, result };
    entry.ensuring = ensuring;
    const settled = (): void => {
      if (entry.ensuring === ensuring) entry.ensuring = undefined;
    };
    result.then(settled, settled);
    return result;
  }

  /** The report of an instance of the workload that was healthy and has ended in the last `withinMs`; undefined when none has. */
  crash(id: string, withinMs: number): FailureReport | undefined {
    for (const instance of this.#entries.get(id)?.instances ?? []) {
      const symptom = instance.crashWithin(withinMs);
      if (symptom) return failureOf(symptom, instance.patient);
    }
    return undefined;
  }

  async park(id: string): Promise<void> {
    const entry = this.#find(id);
    await inTurn(entry, async () => {
      this.#desire(entry, "parked");
      entry.parkedAt = performance.now();
      await Promise.all(entry.instances.map((instance) => instance.park()));
    });
  }

  async unpark(id: string): Promise<Workload> {
    const entry = this.#find(id);
    return await inTurn(entry, async () => {
      this.#unpark(entry);
      await this.#resting.wakeAll(entry);
      return viewOf(entry);
    });
  }

  /** Resolves when its instances can take requests. Rejects with `not_found`, or `unhealthy` for what does not come up. */
  async wake(id: string): Promise<void> {
    await this.#resting.wake(this.#find(id));
  }

  /** Calls scheduled() on one of its instances, for which it wakes. Rejects as `wake` does, and where no instance can take the call. */
  async callScheduled(call: ScheduledCall): Promise<ScheduledResult> {
    const entry = this.#find(call.id);
    return await this.#schedules.call(entry, call, () => this.#resting.wake(entry));
  }

  /** Looks for workloads that nobody uses, and puts them to rest. To be called again and again. */
  look(): void {
    this.#resting.look([...this.#entries.values()]);
  }

  /** Ends the workload, also one that is being started; its programs have `graceMs` to finish. Absent is fine. */
  async remove(id: string, graceMs?: number): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry) return this.#removing.get(id);
    const removing = this.#remove(id, entry, graceMs);
    this.#removing.set(id, removing);
    try {
      await removing;
    } finally {
      if (this.#removing.get(id) === removing) this.#removing.delete(id);
    }
  }

  /**
   * Makes nothing in advance any more. What is being put to rest has ended when this resolves, if that takes no longer than a moment: else it would be ended
   * when the next host process has started it again.
   */
  async close(): Promise<void> {
    await this.#resting.close();
    const ends = [...this.#entries.values()].flatMap(({ instances }) => instances.map(({ settled }) => settled));
    await Promise.race([Promise.all(ends), sleep(endsMs, undefined, { ref: false })]);
  }

  /** Resolves when nothing is being removed any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#removing.values());
  }

  async #remove(id: string, entry: Entry, graceMs: number | undefined): Promise<void> {
    entry.removed = true;
    this.#entries.delete(id);
    this.#ground.records.forgetWorkload(id);
    await this.#removeInstances(entry, entry.instances, graceMs);
    await entry.last.catch(() => {});
    await this.#removeInstances(entry, entry.instances, graceMs);
  }

  /** Removes what is not wanted, starts what is missing, parks what should be parked. What cannot be started is told in the log. */
  async reconcile(desired: DesiredState): Promise<Workload[]> {
    const surplus = [...this.#entries.keys()].filter(surplusOf(desired));
    await Promise.all([...surplus.map((id) => this.remove(id)), ...desired.workloads.map(({ spec, desire }) => this.#bring(spec, desire))]);
    return this.list();
  }

  /** Leaves everything running for the host process that comes next. */
  abandon(): void {
    for (const { instances } of this.#entries.values()) for (const instance of instances) instance.abandon();
    this.#ground.isolates.abandon();
  }

  #add(spec: WorkloadSpec): Entry {
    const entry = entryOf(spec, "running", []);
    this.#entries.set(spec.id, entry);
    return entry;
  }

  #find(id: string): Entry {
    const entry = this.#entries.get(id);
    if (!entry) throw new SlipError("not_found", `There is no workload ${id}.`);
    return entry;
  }

  #desire(entry: Entry, desire: WorkloadDesire): void {
    entry.desire = desire;
    if (!entry.removed) this.#ground.records.saveWorkload({ spec: entry.spec, desire });
  }

  #unpark(entry: Entry): void {
    entry.usedAt = performance.now();
    if (entry.desire === "parked") this.#desire(entry, "running");
    for (const instance of entry.instances) instance.unpark();
    entry.resting = restIn(entry.instances);
  }

  async #bring(spec: WorkloadSpec, desire: WorkloadDesire): Promise<void> {
    const entry = this.#entries.get(spec.id);
    const isThere =
      entry !== undefined && entry.ensuring === undefined && entry.instances.length === spec.instances && entry.instances.every(({ isProven }) => isProven);
    try {
      if (!isThere) {
        const result = await this.ensure(spec);
        if (result.outcome === "failed") return this.#ground.log.warn("a workload could not be started", { workload: spec.id, why: result.failure.summary });
      }
      const now = this.#entries.get(spec.id)?.desire;
      if (now !== undefined && now !== desire) await (desire === "parked" ? this.park(spec.id) : this.unpark(spec.id));
    } catch (error) {
      this.#ground.log.error("a workload could not be brought to what is desired", error, { workload: spec.id });
    }
  }

  async #ensure(entry: Entry, spec: WorkloadSpec): Promise<EnsureResult> {
    try {
      return await this.#bringUp(entry, spec);
    } catch (error) {
      await this.#takeBack(entry);
      throw error;
    }
  }

  async #bringUp(entry: Entry, spec: WorkloadSpec): Promise<EnsureResult> {
    if (entry.removed) throw new SlipError("cancelled", "The workload was removed before it was started.");
    const started = performance.now();
    entry.spec = spec;
    this.#desire(entry, "running");
    this.#unpark(entry);
    await this.#removeInstances(entry, entry.instances.slice(spec.instances));
    const fresh = await this.#starting.startMissing(entry).catch((error: unknown) => {
      if (error instanceof SlipError && error.code === "sandbox_unavailable") return error;
      throw error;
    });
    if (fresh instanceof SlipError) {
      await this.#takeBack(entry);
      return sandboxFailure(fresh);
    }
    const startMs = performance.now() - started;
    const failed = fresh ?? (await gate(entry));
    if (entry.removed) throw new SlipError("cancelled", "The workload was removed while it was being started.");
    if (failed) {
      const failure = failureOf(failed.symptom, failed.instance.patient);
      await this.#takeBack(entry);
      return { outcome: "failed", failure };
    }
    entry.usedAt = performance.now();
    return { outcome: "ready", workload: viewOf(entry), timings: { start: startMs, health: performance.now() - started - startMs } };
  }

  /** A failed start takes back what it started; a workload that served before goes on with what it had. */
  async #takeBack(entry: Entry): Promise<void> {
    await this.#removeInstances(
      entry,
      entry.instances.filter(({ isProven }) => !isProven),
      0,
    );
    if (entry.instances.length > 0 || entry.removed) return;
    entry.removed = true;
    this.#ground.records.forgetWorkload(entry.spec.id);
    this.#entries.delete(entry.spec.id);
  }

  async #removeInstances(entry: Entry, instances: readonly Instance[], graceMs = limit("stopMs")): Promise<void> {
    const gone = new Set(instances);
    entry.instances = entry.instances.filter((instance) => !gone.has(instance));
    await Promise.all([...gone].map((instance) => instance.remove(graceMs).finally(() => this.#present.delete(instance))));
  }
}
