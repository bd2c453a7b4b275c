// Sees to it that an app which sleeps is awake before a request goes to it. Control has no part in that.
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { TableApp } from "@slipstream/contract/ports/route-entry.ts";

export type Sleeps = NonNullable<TableApp["sleeps"]>;

/** `unknown`: the host cannot say. What is awake can be asked all the same; what sleeps answers when the host is back. */
export type Woken = "awake" | "failed" | "unknown";

/** Asks the host, and rejects as that call does. */
export type AskHost = (workload: string) => Promise<unknown>;

/** The host's first answer, and its last: where it was away, it is asked until it is back. */
interface Waking {
  first: Promise<Woken>;
  last: Promise<Woken>;
  /** Requests that wait for either. */
  waiting: number;
}

/** A host that stands still keeps nobody from an app that is awake. */
const patienceMs = 5_000;
const againMs = 200;
/** A host that has died is started again within seconds. */
const askedForMs = 30_000;

export class Waker {
  readonly #ask: AskHost;
  /** When the host was asked last, with success, by workload. */
  readonly #wokenAt = new Map<string, number>();
  readonly #underWay = new Map<string, Waking>();

  constructor(ask: AskHost) {
    this.#ask = ask;
  }

  /** The host puts nothing to sleep before all of its time is over: half of it is left for a request to be seen by its connection. */
  isAwake({ workload, afterMs }: Sleeps): boolean {
    return performance.now() - (this.#wokenAt.get(workload) ?? Number.NEGATIVE_INFINITY) < afterMs / 2;
  }

  /** How many requests wait for a workload. */
  waitingFor({ workload }: Sleeps): number {
    return this.#underWay.get(workload)?.waiting ?? 0;
  }

  /** Asks the host, with those who ask at the same time. With `surely` a host that is away is waited for. */
  async wake(sleeps: Sleeps, surely = false): Promise<Woken> {
    const waking = this.#waking(sleeps);
    waking.waiting += 1;
    try {
      return await (surely ? waking.last : waking.first);
    } finally {
      waking.waiting -= 1;
    }
  }

  /** Of a workload that nobody asks for any more. */
  forget(workload: string): void {
    this.#wokenAt.delete(workload);
  }

  #waking({ workload }: Sleeps): Waking {
    const known = this.#underWay.get(workload);
    if (known) return known;
    const first = Promise.race([this.#try(workload), sleep(patienceMs, "unknown" as const, { ref: false })]);
    const last = first.then((woken) => (woken === "unknown" ? this.#goOn(workload) : woken)).finally(() => this.#underWay.delete(workload));
    const waking = { first, last, waiting: 0 };
    this.#underWay.set(workload, waking);
    return waking;
  }

  async #goOn(workload: string): Promise<Woken> {
    for (const end = performance.now() + askedForMs; performance.now() < end; ) {
      await sleep(againMs, undefined, { ref: false });
      const woken = await this.#try(workload);
      if (woken !== "unknown") return woken;
    }
    return "unknown";
  }

  async #try(workload: string): Promise<Woken> {
    const at = performance.now();
    try {
      await this.#ask(workload);
      this.#wokenAt.set(workload, at);
      return "awake";
    } catch (error) {
      return error instanceof SlipError && error.code === "unhealthy" ? "failed" : "unknown";
    }
  }
}
