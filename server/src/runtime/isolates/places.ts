// Where in the network of its process a function listens: each has a place, and with that a port. Pure.
import { limit } from "@slipstream/contract/limits.ts";

/** Where the host process asks. */
export const controlPort = 9_999;
const firstPort = 10_000;

export const portOf = (place: number): number => firstPort + place;

/** The first place that is free; undefined when none is. */
export const freePlace = (taken: ReadonlySet<number>, most = limit("functionsPerProcess")): number | undefined => {
  for (let place = 0; place < most; place += 1) if (!taken.has(place)) return place;
  return undefined;
};
