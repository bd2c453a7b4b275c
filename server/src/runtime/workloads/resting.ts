// Puts to rest the workloads that nobody uses, and wakes them: the rules of `rest.ts`, carried out.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Turns } from "#platform/turns.ts";
import type { RuntimeGround } from "../ground.ts";
import { failureOf, type Symptom } from "../instances/failure.ts";
import type { Instance, InTurn } from "../instances/instance.ts";
import { Ahead } from "./ahead.ts";
import { type Entry, inTurn, restIn } from "./entry.ts";
import { beyondBudget, isDue, restOf } from "./rest.ts";
import { type Succession, successionOf } from "./succession.ts";

const unusedWords = "Nobody uses it: its program was ended, and is started when somebody asks for it.";
const parkedWords = "Parked releases hold too much memory: the program was ended, and a rollback starts it.";

export class Resting {
  readonly #ground: RuntimeGround;
  readonly #starts: Turns;
  readonly #present: Set<Instance>;
  readonly #ahead: Ahead;

  /** `present`: all instances that are there. */
  constructor(ground: RuntimeGround, starts: Turns, present: Set<Instance>) {
    this.#ground = ground;
    this.#ahead = new Ahead(ground.log, ground.ahead);
    this.#starts = starts;
    this.#present = present;
  }

  /** Takes over a workload of an earlier host process. */
  adopt(entry: Entry): void {
    this.#ahead.adopt(entry);
  }

  /** Makes nothing in advance any more. */
  close(): Promise<void> {
    return this.#ahead.close();
  }

  /** Resolves when its instances can take requests. Rejects with `unhealthy` for what does not come up. */
  async wake(entry: Entry): Promise<void> {
    entry.usedAt = performance.now();
    if (entry.resting === "awake" && entry.waking === undefined) return;
    entry.waking ??= this.#wake(entry).finally(() => {
      entry.waking = undefined;
    });
    await entry.waking;
  }

  async #wake(entry: Entry): Promise<void> {
    entry.resting = "awake";
    await inTurn(entry, () => this.wakeAll(entry));
  }

  /** To be called in the workload's turn. */
  async wakeAll(entry: Entry): Promise<void> {
    try {
      const symptoms = await Promise.all(entry.instances.map((instance) => this.#wakeOne(entry, instance)));
      const index = symptoms.findIndex((symptom) => symptom !== undefined);
      const [symptom, instance] = [symptoms[index], entry.instances[index]];
      if (symptom && instance) throw new SlipError("unhealthy", failureOf(symptom, instance.patient).summary);
    } finally {
      entry.resting = restIn(entry.instances);
      // From now on: to come up may have taken longer than it is left alone.
      entry.usedAt = performance.now();
    }
  }

  async #wakeOne(entry: Entry, instance: Instance): Promise<Symptom | undefined> {
    const inTurn: InTurn = (start) => this.#starts.run(start, { of: entry.spec.tags.tenant });
    const succession = instance.rest === "stopped" && !instance.isIsolate ? await this.#successionOf(entry, instance) : undefined;
    if (!succession) return instance.wake(inTurn);
    const { successor, start } = succession;
    entry.instances = entry.instances.map((it) => (it === instance ? successor : it));
    this.#present.add(successor);
    const started = start(inTurn);
    void successor.ceded
      .catch((error: unknown) => this.#ground.log.error("what was left of an instance could not be removed", error, { instance: instance.id }))
      .finally(() => this.#present.delete(instance));
    return started;
  }

  /** Without one it is started as it was before. */
  async #successionOf(entry: Entry, instance: Instance): Promise<Succession | undefined> {
    try {
      return await successionOf(this.#ground, entry, instance);
    } catch (error) {
      this.#ground.log.warn("a sandbox that was made in advance was of no use", { instance: instance.id, error: String(error) });
      return undefined;
    }
  }

  /** Looks for workloads that nobody uses, and puts them to rest. To be called again and again. */
  look(entries: readonly Entry[]): void {
    const failed = (entry: Entry) => (error: unknown) => this.#ground.log.error("a workload could not be put to rest", error, { workload: entry.spec.id });
    for (const entry of entries) this.#look(entry).catch(failed(entry));
    for (const entry of this.#beyondBudget(entries)) this.#endParked(entry).catch(failed(entry));
  }

  #beyondBudget(entries: readonly Entry[]): Entry[] {
    const now = performance.now();
    const parked = entries.filter(({ desire, resting }) => desire === "parked" && resting !== "stopped");
    const held = parked.map(({ spec: { id }, parkedAt, instances }) => ({
      id,
      parkedMs: now - parkedAt,
      memoryBytes: instances.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    }));
    const ids = beyondBudget(held, this.#ground.parkedBytes);
    return parked.filter(({ spec }) => ids.includes(spec.id));
  }

  /** It has finished what it had to do: nothing is waited for. */
  async #endParked(entry: Entry): Promise<void> {
    entry.resting = "stopped";
    await inTurn(entry, async () => {
      if (entry.desire === "parked") await Promise.all(entry.instances.map((it) => it.stop(0, parkedWords)));
    }).finally(() => {
      entry.resting = restIn(entry.instances);
    });
    this.#ahead.make(entry);
  }

  async #look(entry: Entry): Promise<void> {
    const { sleep } = entry.spec;
    if (sleep === undefined || entry.desire !== "running" || entry.ensuring !== undefined || entry.waking !== undefined || entry.calls > 0) return;
    const { resting: rest } = entry;
    const now = performance.now();
    const resting = { rest, sleep, unusedMs: now - entry.usedAt };
    if (!isDue(resting)) return;
    // Each is asked: what it has worked is counted from one look to the next.
    if (rest === "awake" && entry.instances.map((instance) => instance.isUsed()).includes(true)) {
      entry.usedAt = now;
      return;
    }
    // One that came in the same moment as the frost.
    if (rest === "asleep" && entry.instances.some((instance) => instance.use.hasClients())) return this.wake(entry);
    const next = restOf(resting);
    if (next === rest) return;
    entry.resting = next;
    const act = (instance: Instance): Promise<void> => (next === "asleep" ? instance.sleep() : instance.stop(limit("stopMs"), unusedWords));
    // It may be asked for until it is its turn.
    const turn = inTurn(entry, async () => void (entry.resting === next && (await Promise.all(entry.instances.map(act)))));
    await turn.finally(() => {
      entry.resting = restIn(entry.instances);
    });
    if (entry.resting === "stopped") this.#ahead.make(entry);
  }
}
