// What control is told of the workloads that are here: those that it asks for, or those that changed since it asked last.
import { hash, randomUUID } from "node:crypto";
import type { HostMark, Observe, Observed, Workload } from "@slipstream/contract/ports/host.ts";

/** Of so many that are gone it is known when they went: whoever asks for changes before that is told that they are not known. */
const goneMost = 1_000;

interface Seen {
  digest: string;
  /** The change in which it was found to be so. */
  change: number;
}

type Account = Omit<Observed, "jobs">;

const byId = (one: Workload, other: Workload): number => (one.id < other.id ? -1 : 1);

export class Observation {
  readonly #host = randomUUID();
  #change = 0;
  readonly #seen = new Map<string, Seen>();
  #gone: { id: string; change: number }[] = [];
  /** What went in this change or before is not known any more. */
  #forgotten = 0;

  /** `workloads`: all that are here. */
  answer(of: Observe, workloads: readonly Workload[]): Account {
    if (of.kind === "changed") return this.#changedSince(of.since, workloads);
    // What has changed and was not noted yet is told as being after this.
    const mark = { host: this.#host, change: this.#change };
    if (of.kind === "these") {
      const ids = new Set(of.ids);
      return { mark, workloads: workloads.filter(({ id }) => ids.has(id)) };
    }
    const { after, upTo } = of;
    const next = workloads.filter(({ id }) => id > after && (upTo === undefined || id <= upTo));
    return { mark, workloads: next.sort(byId) };
  }

  #changedSince(since: HostMark, workloads: readonly Workload[]): Account {
    const mark = { host: this.#host, change: this.#compare(workloads) };
    if (since.host !== this.#host || since.change < this.#forgotten) return { mark, workloads: [] };
    const changed = workloads.filter(({ id }) => (this.#seen.get(id)?.change ?? 0) > since.change);
    const gone = this.#gone.filter(({ change }) => change > since.change);
    return { mark, workloads: changed, changed: [...new Set([...changed, ...gone].map(({ id }) => id))] };
  }

  /** Notes what differs from the last time. Gives the number of the newest change. */
  #compare(workloads: readonly Workload[]): number {
    const change = this.#change + 1;
    const here = new Set<string>();
    for (const workload of workloads) {
      here.add(workload.id);
      const digest = hash("sha256", JSON.stringify(workload), "base64");
      if (this.#seen.get(workload.id)?.digest === digest) continue;
      this.#seen.set(workload.id, { digest, change });
      this.#change = change;
    }
    for (const id of this.#seen.keys()) if (!here.has(id)) this.#noteGone(id, change);
    return this.#change;
  }

  #noteGone(id: string, change: number): void {
    this.#seen.delete(id);
    this.#change = change;
    this.#gone.push({ id, change });
    if (this.#gone.length <= goneMost) return;
    this.#forgotten = this.#gone[0]?.change ?? this.#forgotten;
    this.#gone = this.#gone.slice(1);
  }
}
