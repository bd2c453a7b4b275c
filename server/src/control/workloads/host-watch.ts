// Where the host differs from what PostgreSQL says. Only what has changed on either side since the last look is compared, and what differed
// then; where one of them does not know what changed, all are, in pieces. What is as it should be is held nowhere.
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { HostMark, Instance, Observe, Observed, Workload } from "@slipstream/contract/ports/host.ts";
import type { RouteTarget } from "@slipstream/contract/ports/route-entry.ts";
import { Turns } from "#platform/turns.ts";
import type { Control } from "../control.ts";
import { beginLook, changesAfter, trimWorkloadChanges } from "./change-store.ts";
import { moveTargets, nextWorkloads, type WorkloadRow, workloadsWith } from "./workload-store.ts";

type Parts = Pick<Control, "database"> & { host: Pick<Control["host"], "observe"> };
type Wanted = Pick<WorkloadRow, "id" | "desire" | "instances" | "targets">;

/** Some of the workloads: what is desired of them, and what the host has. */
interface Look {
  desired: readonly WorkloadRow[];
  observed: readonly Workload[];
}

/** `settled`: what serves is judged, as far as it can be seen from outside. `proven`: all of it, and what is only coming up differs too. */
export type Judged = "settled" | "proven";

/** The workloads in which the host differs from what is desired. What is being started has no targets yet. Pure. */
export const differences = (desired: readonly Wanted[], observed: readonly Workload[], judged: Judged = "settled"): string[] => {
  const byId = new Map(observed.map((workload) => [workload.id, workload]));
  const wanted = new Set(desired.map((row) => row.id));
  const isThere = ({ id, desire, instances }: Wanted): boolean => {
    const workload = byId.get(id);
    const isUp = judged === "settled" || workload?.instances.every(({ state }) => state !== "starting");
    return workload?.desire === desire && workload.instances.length === instances && isUp === true;
  };
  const unwanted = observed.filter((workload) => !wanted.has(workload.id)).map((workload) => workload.id);
  return [...unwanted, ...desired.filter((row) => (judged === "proven" || row.targets.length > 0) && !isThere(row)).map((row) => row.id)];
};

/**
 * Where a workload answers now, as many targets as before; one that does not answer yet, or is gone, has no address: the one that
 * it had may be another app's by now. Pure.
 */
export const followed = (targets: readonly RouteTarget[], instances: readonly Instance[]): RouteTarget[] =>
  targets.map((target, index) => {
    const instance = instances[index];
    const serves = instance && (instance.state !== "starting" || instance.instance === target.instance);
    return serves ? { instance: instance.instance, address: instance.address } : { instance: target.instance, address: "" };
  });

/**
 * Addresses differ after the machine was started anew. Only what serves already is looked at: what starts is told by its deployment.
 * Gives whether the table has changed.
 */
const followTargets = async ({ database }: Parts, { desired, observed }: Look): Promise<boolean> => {
  const byId = new Map(observed.map((workload) => [workload.id, workload]));
  let changed = false;
  for (const row of desired) {
    const targets = followed(row.targets, byId.get(row.id)?.instances ?? []);
    if (isDeepStrictEqual(targets, row.targets)) continue;
    changed = (await moveTargets(database, row.id, { from: row.targets, to: targets })) || changed;
  }
  return changed;
};

const hostTimeoutMs = 10_000;
const observe = ({ host }: Parts, of: Observe): Promise<Observed> => host.observe({ of }, { timeoutMs: hostTimeoutMs });

const pieceRows = 500;
/** More that has changed than this is not looked up one by one. */
const changesMost = 10_000;

/** All of them, a piece at a time. Commands of workloads that are gone are told as those are: they belong to nothing. */
async function* allInPieces(parts: Parts): AsyncGenerator<Look & { lost: string[] }> {
  for (let after: string | undefined = ""; after !== undefined; ) {
    const desired = await nextWorkloads(parts.database, after, pieceRows);
    const upTo: string | undefined = desired.length < pieceRows ? undefined : desired[desired.length - 1]?.id;
    const { workloads: observed, jobs } = await observe(parts, { kind: "next", after, ...(upTo === undefined ? {} : { upTo }) });
    const known = new Set(jobs.length === 0 ? [] : (await workloadsWith(parts.database, jobs)).map(({ id }) => id));
    yield { desired, observed, lost: jobs.filter((id) => !known.has(id)) };
    after = upTo;
  }
}

async function* someInPieces(parts: Parts, ids: readonly string[]): AsyncGenerator<Look & { lost: string[] }> {
  for (let begin = 0; begin < ids.length; begin += pieceRows) {
    const piece = ids.slice(begin, begin + pieceRows);
    const [desired, { workloads: observed }] = await Promise.all([workloadsWith(parts.database, piece), observe(parts, { kind: "these", ids: piece })]);
    yield { desired, observed, lost: [] };
  }
}

/** Up to where both sides have been looked at. */
interface Marks {
  look: string;
  desired: string;
  host: HostMark;
}

/** What is after the marks, and where it ends; `ids` are undefined where that is not known. */
interface Since {
  marks: Marks;
  ids: string[] | undefined;
}

const noHost: HostMark = { host: "", change: 0 };

const sinceMarks = async (parts: Parts, { look, desired, host }: Marks): Promise<Since> => {
  // The host first: what nobody is there to be compared with is not read.
  const observed = await observe(parts, { kind: "changed", since: host });
  const changes = await changesAfter(parts.database, { look, mark: desired, most: changesMost });
  const isKnown = observed.changed !== undefined && changes.isKnown;
  const ids = isKnown ? [...new Set([...(observed.changed ?? []), ...changes.ids])] : undefined;
  if (changes.ids.length > 0) await trimWorkloadChanges(parts.database, desired);
  return { marks: { look, desired: changes.mark, host: observed.mark }, ids };
};

/** From here on what changes is known. */
const beginAnew = async (parts: Parts): Promise<Since> => {
  const look = randomUUID();
  const observed = await observe(parts, { kind: "changed", since: noHost });
  await beginLook(parts.database, look);
  const { mark } = await changesAfter(parts.database, { look, mark: "0", most: 0 });
  await trimWorkloadChanges(parts.database, mark);
  return { marks: { look, desired: mark, host: observed.mark }, ids: undefined };
};

export interface Found {
  differing: string[];
  /** Requests go elsewhere now, so the table has changed. */
  moved: boolean;
}

export class HostWatch {
  #marks: Marks | undefined;
  /** What differed, or was being looked at when that failed. */
  #open = new Set<string>();
  readonly #turns = new Turns(1);

  /** Looks at what has changed; `anew` at everything. Rejects while the host is away. */
  look(parts: Parts, { anew = false, judged = "settled" }: { anew?: boolean; judged?: Judged } = {}): Promise<Found> {
    return this.#turns.run(() => this.#look(parts, { anew, judged }));
  }

  async #look(parts: Parts, { anew, judged }: { anew: boolean; judged: Judged }): Promise<Found> {
    const known = anew || !this.#marks ? undefined : await sinceMarks(parts, this.#marks);
    const { marks, ids } = known?.ids ? known : await beginAnew(parts);
    // Until all is looked at, the next look begins where this one did.
    const pieces = ids ? someInPieces(parts, [...new Set([...ids, ...this.#open])]) : allInPieces(parts);
    const open = new Set<string>();
    let moved = false;
    for await (const piece of pieces) {
      for (const id of [...differences(piece.desired, piece.observed, judged), ...piece.lost]) open.add(id);
      moved = (await followTargets(parts, piece)) || moved;
    }
    [this.#marks, this.#open] = [marks, open];
    return { differing: [...open], moved };
  }
}
