// Starts the instances that a workload lacks: in spares that fit, among other functions, or in networks of their own.
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { newId } from "#platform/ids.ts";
import { type Image, openImage } from "#platform/oci/image.ts";
import type { Turns } from "#platform/turns.ts";
import type { RuntimeGround } from "../ground.ts";
import { argumentsFor, environmentOf } from "../instances/environment.ts";
import type { Symptom } from "../instances/failure.ts";
import { Instance } from "../instances/instance.ts";
import type { InstanceRecord } from "../instances/record.ts";
import { recipeOf } from "../spares/recipe.ts";
import type { Entry } from "./entry.ts";

/** An instance that did not come up. */
interface Sick {
  instance: Instance;
  symptom: Symptom;
}

export class Starting {
  readonly #ground: RuntimeGround;
  readonly #starts: Turns;
  readonly #present: Set<Instance>;

  /** `present`: all instances that are there. */
  constructor(ground: RuntimeGround, starts: Turns, present: Set<Instance>) {
    this.#ground = ground;
    this.#starts = starts;
    this.#present = present;
  }

  /** Starts what is missing; gives what was wrong with the first that could not be started. */
  async startMissing(entry: Entry): Promise<Sick | undefined> {
    const { spec } = entry;
    const count = spec.instances - entry.instances.length;
    if (count <= 0) return undefined;
    const image = await openImage(this.#ground.home, spec.artifact);
    const kind = spec.sandbox ?? this.#ground.defaultSandbox();
    this.#ground.sandbox(kind);
    const made = await Promise.all(Array.from({ length: count }, () => this.#startOne(entry, image, kind)));
    return made.find((sick) => sick !== undefined);
  }

  async #startOne(entry: Entry, image: Image, kind: SandboxKind): Promise<Sick | undefined> {
    const { spec } = entry;
    const { spares } = this.#ground;
    const args = argumentsFor(spec, image);
    const fit = recipeOf({ spec, image, kind, args, env: environmentOf(spec, image, "") });
    const spare = fit && spares.take(fit.recipe);
    const id = spare?.id ?? newId("ins");
    const where = spare ? { slot: spare.slot.number } : await this.#placeFor(id, spec, image, kind);
    const instance = new Instance(this.#ground, spec, {
      ...where,
      ...{ instance: id, workload: spec.id, sandbox: kind, proven: false, restarts: 0, layers: image.layers, args },
    });
    if (entry.removed && !spare) {
      await instance.remove(0);
      return undefined;
    }
    entry.instances.push(instance);
    this.#present.add(instance);
    const start = (): Promise<Symptom | undefined> => (spare ? instance.start(image, (launch) => spares.start(spare, launch, fit.app)) : instance.start(image));
    const symptom = await this.#starts.run(start, { of: spec.tags.tenant });
    return symptom && { instance, symptom };
  }

  /** Where an instance is to be: among the functions of its tenant, or in a network of its own. */
  async #placeFor(id: string, spec: WorkloadSpec, image: Image, kind: SandboxKind): Promise<Pick<InstanceRecord, "slot" | "isolate">> {
    const seat = await this.#ground.isolates.seat(id, spec, image, kind);
    if (!seat) return { slot: (await this.#ground.pool.acquire()).number };
    return { slot: seat.slot, isolate: { process: seat.process, place: seat.place } };
  }
}

/** Waits until all are healthy; gives what was wrong with one that is not. */
export const gate = async (entry: Entry): Promise<Sick | undefined> => {
  const gated = await Promise.all(entry.instances.map(async (instance) => ({ instance, gated: await instance.gate() })));
  for (const { instance, gated: result } of gated) if (result.outcome === "failed") return { instance, symptom: result.symptom };
  return undefined;
};
