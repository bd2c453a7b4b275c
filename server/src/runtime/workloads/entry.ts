// A workload as it is held here: what is asked of it, its instances, and what is done with it, one thing after the other.
import type { EnsureResult, Workload, WorkloadDesire, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { Instance } from "../instances/instance.ts";
import type { Rest } from "./rest.ts";

export interface Entry {
  spec: WorkloadSpec;
  desire: WorkloadDesire;
  instances: Instance[];
  /** The last thing that was asked of it; the next waits for its end. */
  last: Promise<unknown>;
  ensuring: { instances: number; result: Promise<EnsureResult> } | undefined;
  removed: boolean;
  /** When somebody was last seen to use it. */
  usedAt: number;
  /** Calls by its schedule that are under way. */
  calls: number;
  /** What it is to be, where its instances are on the way to it. */
  resting: Rest;
  waking: Promise<void> | undefined;
  /** When it was parked last. */
  parkedAt: number;
}

export const restIn = (instances: readonly Instance[]): Rest => instances.find(({ rest }) => rest !== "awake")?.rest ?? "awake";

export const entryOf = (spec: WorkloadSpec, desire: WorkloadDesire, instances: Instance[]): Entry => ({
  spec,
  desire,
  instances,
  last: Promise.resolve(),
  ensuring: undefined,
  removed: false,
  usedAt: performance.now(),
  calls: 0,
  resting: restIn(instances),
  waking: undefined,
  parkedAt: performance.now(),
});

export const viewOf = ({ spec, desire, instances }: Entry): Workload => ({
  id: spec.id,
  desire,
  release: spec.release,
  artifact: spec.artifact,
  instances: instances.map(({ view }) => view),
});

/** Does `act` when all that was asked of the workload before is done. */
export const inTurn = <T>(entry: Entry, act: () => Promise<T>): Promise<T> => {
  const turn = entry.last.then(act, act);
  entry.last = turn.catch(() => {});
  return turn;
};
