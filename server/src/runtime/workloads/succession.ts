// An instance that was ended and is asked for again begins in a sandbox that was made in advance, where one fits, in a tenth of the time that it
// takes to make one. It is another instance then, at the address that edges know.
import { openImage } from "#platform/oci/image.ts";
import type { RuntimeGround } from "../ground.ts";
import { environmentOf } from "../instances/environment.ts";
import type { Symptom } from "../instances/failure.ts";
import type { Instance, InTurn } from "../instances/instance.ts";
import { recipeOf } from "../spares/recipe.ts";
import type { Entry } from "./entry.ts";

/** An instance that was ended, and the one that takes its place; `start` gives why that cannot take requests, where it cannot. */
export interface Succession {
  successor: Instance;
  start: (inTurn: InTurn) => Promise<Symptom | undefined>;
}

/** Undefined where no spare fits. */
export const successionOf = async (ground: RuntimeGround, { spec }: Entry, instance: Instance): Promise<Succession | undefined> => {
  const { pool, spares, home } = ground;
  const { sandbox: kind } = instance.view;
  const image = await openImage(home, spec.artifact);
  const fit = recipeOf({ spec, image, kind, args: instance.patient.command, env: environmentOf(spec, image, "") });
  const spare = fit && spares.take(fit.recipe);
  if (!spare) return undefined;
  const successor = instance.successor(spare, image);
  const launch = successor.launchOf(image);
  const { at, own } = instance.slots;
  const [lent, furnished] = await Promise.allSettled([pool.lend(at, spare.slot), spares.furnish(spare, launch, fit.app)]);
  if (lent.status === "rejected" || furnished.status === "rejected") {
    await Promise.all([pool.reclaim(at, own), spares.discard(spare)]);
    throw new Error([lent, furnished].flatMap((it) => (it.status === "rejected" ? String(it.reason) : [])).join(" "));
  }
  return { successor, start: (inTurn) => successor.succeed(instance, () => spares.begin(spare, launch), inTurn) };
};
