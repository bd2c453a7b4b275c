// CPU time of sandboxes, by what it is counted for: of those that are there, and of those that have ended until somebody has counted it.
import type { CpuTime } from "@slipstream/contract/ports/host.ts";
import type { Cgroup } from "./cgroup.ts";

/** Of those that ended while nobody counted; more than anybody starts in the time that control takes to come back. */
const endedMax = 10_000;

export class CpuMeter {
  readonly #cgroup: (sandbox: string) => Cgroup;
  readonly #accounts = new Map<string, string>();
  readonly #ended = new Map<string, CpuTime>();

  constructor(cgroup: (sandbox: string) => Cgroup) {
    this.#cgroup = cgroup;
  }

  /** Counts a sandbox from here on, over all starts of its program. */
  open(sandbox: string, account: string | undefined): void {
    if (account !== undefined) this.#accounts.set(sandbox, account);
  }

  /** To be called before the control group goes: with it goes what the kernel has counted. */
  keep(sandbox: string): void {
    const time = this.#read(sandbox);
    if (time !== undefined && this.#ended.size < endedMax) this.#ended.set(time.sandbox, time);
  }

  /** It will not start again. */
  close(sandbox: string): void {
    this.#accounts.delete(sandbox);
  }

  /** What each has used in all. Of those that have ended what is `counted` is forgotten. */
  times(counted: readonly Pick<CpuTime, "sandbox" | "ms">[]): CpuTime[] {
    // One that was counted while it ran may have used more until its end.
    for (const { sandbox, ms } of counted) if ((this.#ended.get(sandbox)?.ms ?? 0) <= ms) this.#ended.delete(sandbox);
    const living = [...this.#accounts.keys()].flatMap((sandbox) => this.#read(sandbox) ?? []);
    // One that is being removed is among both.
    return [...new Map([...living, ...this.#ended.values()].map((time) => [time.sandbox, time])).values()];
  }

  #read(sandbox: string): CpuTime | undefined {
    const account = this.#accounts.get(sandbox);
    const used = account === undefined ? undefined : this.#cgroup(sandbox).cpuTime();
    return account === undefined || used === undefined ? undefined : { sandbox: `${sandbox}:${used.life}`, account, ms: used.ms };
  }
}
