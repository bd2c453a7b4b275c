// Keeps the processes of one installation running, and ends them in order.

import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { callers } from "@slipstream/contract/ports/calls.ts";
import { hostCalls } from "@slipstream/contract/ports/host.ts";
import { bootId } from "#platform/boot.ts";
import { roomOf } from "#platform/disk-room.ts";
import { uids } from "#platform/installation.ts";
import type { Log } from "#platform/log.ts";
import { identityOf, isAlive, type ProcessIdentity, signal } from "#platform/process-identity.ts";
import { giveUpBallast, makeBallast, noRoomToStart } from "./ballast.ts";
import { removeOtherCode } from "./code.ts";
import { runFolders } from "./folders.ts";
import { leftOf, leftOfHost } from "./left.ts";
import { mountRun, unmountRun } from "./mounts.ts";
import { wrongOwners } from "./owners.ts";
import { type Ground, type ProcessPlan, planOf } from "./plan.ts";
import { makeFolders } from "./prepare.ts";
import { lastWords, refusalOf, rotateProcessLog, tellOfDamage } from "./process-log.ts";
import { checkPorts, PublicSockets } from "./public-sockets.ts";
import { forgetTargets } from "./stale-routes.ts";
import { readState, type SupervisorState, writeState } from "./state.ts";
import { straysOf } from "./strays.ts";
import { Supervised } from "./supervised.ts";

/** So many ends in a row before it was ready mean that a process cannot be started. */
const hopelessFailures = 5;
/** What a process says that a person has to mend is believed when it was said again. */
const refusedFailures = 2;
const readyMs = 90_000;
const removeInstancesMs = 60_000;
/** For a host that is started only to remove what is left: it takes over all instances first, hundreds of them on a machine that has much to do. */
const hostReadyMs = 60_000;
const tidyEveryMs = 10_000;
/** What fills the disk is fast. */
const diskEveryMs = 1_000;
const endedPollMs = 10;

/** What a supervisor may be given besides its ground. */
interface Given {
  /** Runs before a start of the process that it is named after. */
  prepare?: Readonly<Record<string, () => Promise<void>>>;
  /** The public sockets of the supervisor before. */
  sockets?: PublicSockets | undefined;
}

export class Supervisor {
  readonly #ground: Ground;
  readonly #log: Log;
  readonly #processes: Supervised[];
  #state: SupervisorState["supervisor"]["state"] = "starting";
  /** It goes on with what an earlier supervisor started, instead of starting a platform. */
  #goesOn: boolean = false;
  readonly #timers: NodeJS.Timeout[] = [];
  #makingBallast: Promise<void> | undefined;
  #isSaved: boolean = true;
  #sockets: PublicSockets | undefined;

  constructor(ground: Ground, log: Log, { prepare = {}, sockets }: Given = {}) {
    this.#ground = ground;
    this.#log = log;
    this.#sockets = sockets;
    this.#processes = planOf(ground).map((plan) => {
      const before = prepare[plan.name];
      return new Supervised(plan, { ...this.#options(), ...(before ? { before } : {}) });
    });
  }

  #options() {
    return { home: this.#ground.home, log: this.#log, changed: () => this.#save(), sockets: () => this.#sockets?.descriptors ?? [] };
  }

  /** Takes over what an earlier supervisor left running, and starts the rest. Throws `ports_taken`. */
  async start(): Promise<void> {
    const { home, installation } = this.#ground;
    // Without the sockets that the others hold, they would serve other ones than we do.
    const adopted = await this.#adopt(({ holdsSockets }) => !holdsSockets || this.#sockets !== undefined);
    this.#goesOn = adopted.length > 0;
    this.#sockets ??= await PublicSockets.bound(installation);
    if (!this.#goesOn) {
      await checkPorts([installation.handlerPort]);
      removeOtherCode(home, this.#ground.code);
      forgetTargets(home);
    }
    await mountRun(home);
    makeFolders(runFolders(home, uids(installation)));
    this.#save();
    for (const process of this.#processes) if (!adopted.includes(process.plan.name)) void this.#startWhenPossible(process);
    this.#timers.push(
      setInterval(() => this.#tidy(), tidyEveryMs),
      setInterval(() => this.#watchDisk(), diskEveryMs),
    );
  }

  /**
   * Resolves when every process answers. Rejects when one cannot be started, unless others were running already: these serve,
   * and it is tried on and on.
   */
  async ready(): Promise<void> {
    const all = Promise.all(this.#processes.map((process) => process.ready));
    const over = new AbortController();
    try {
      await (this.#goesOn ? all : Promise.race([all, this.#hopeless(over.signal)]));
    } finally {
      over.abort();
    }
    this.#state = "ready";
    this.#save();
  }

  /** Ends everything: what would start it again, clients, the instances, then what the others stand on. Throws `not_stopped` when something is left. */
  async stop(): Promise<void> {
    this.#state = "stopping";
    this.#save();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#stopAll((name) => name === "keeper");
    await this.#stopAll((name) => name === "control" || name.startsWith("edge-"));
    await this.#removeInstances();
    await this.#stopAll((name) => name === "host");
    await this.#removeLeft();
    await this.#stopAll(() => true);
    this.#save();
    // What is left is found by the records that are in the tmpfs: that stays with it.
    const left = leftOf(this.#ground.home);
    if (left.length > 0) throw this.#notStopped(left);
    await unmountRun(this.#ground.home);
  }

  /** Takes over those living processes that are wanted, and ends the others, without starting any. Gives the names of the former. */
  async #adopt(isWanted: (plan: ProcessPlan) => boolean): Promise<string[]> {
    // The keeper that became this process has its number.
    const known = (readState(this.#ground.home)?.processes ?? []).filter(({ pid }) => pid !== process.pid);
    const wanted = this.#processes.filter(({ plan }) => !plan.leashed && isWanted(plan));
    const adopted = wanted.filter((process) => known.some((record) => record.name === process.plan.name && process.adopt(record)));
    const names = adopted.map(({ plan }) => plan.name);
    await Promise.all([...known.filter(({ name }) => !names.includes(name)), ...straysOf(this.#ground.home, known)].map(endNow));
    return names;
  }

  /** As start, when all is to end: what lives is taken over, and the host is started where it died, to remove its instances. */
  async adoptToStop(): Promise<void> {
    this.#state = "stopping";
    const adopted = await this.#adopt(() => true);
    this.#save();
    await mountRun(this.#ground.home);
    if (!adopted.includes("host")) await startToRemove(this.#host);
  }

  async #startWhenPossible(process: Supervised): Promise<void> {
    await Promise.all(this.#processes.filter(({ plan }) => process.plan.needs.includes(plan.name)).map((needed) => needed.ready));
    if (this.#state !== "stopping") await process.start();
  }

  async #hopeless(over: AbortSignal): Promise<never> {
    const until = performance.now() + readyMs;
    for (;;) {
      const refusal = this.#processes.filter(({ failures }) => failures >= refusedFailures).map(({ plan }) => refusalOf(this.#ground.home, plan.name));
      for (const each of refusal) if (each) throw each;
      const failed =
        this.#processes.find((process) => process.failures >= hopelessFailures) ??
        (performance.now() > until ? this.#processes.find((process) => !process.isReadyNow) : undefined);
      if (failed) throw this.#doesNotStart(failed.plan.name);
      await sleep(50, undefined, { signal: over });
    }
  }

  #doesNotStart(name: string): SlipError {
    const { home } = this.#ground;
    const evidence = lastWords(home, name, 10);
    if (evidence.some((line) => line.includes("No space left on device"))) return noRoomToStart(name, home.root, roomOf(home.root), evidence);
    const foreign = wrongOwners(home, this.#ground.installation);
    if (foreign) return foreign;
    const restoring = name === "postgres" || tellOfDamage(evidence) ? " Where its files are damaged, put postgres/ back from the backup of SLIP_HOME." : "";
    return new SlipError("internal", `${name} does not start.`, { next: `Read ${home.processLogs}/${name}.log.${restoring}`, evidence });
  }

  #notStopped(left: readonly string[]): SlipError {
    return new SlipError("not_stopped", `The platform has ended, but left ${left.join(", ")}.`, { evidence: lastWords(this.#ground.home, "host", 5) });
  }

  async #stopAll(which: (name: string) => boolean): Promise<void> {
    await Promise.all(this.#processes.filter(({ plan }) => which(plan.name)).map((process) => process.stop()));
  }

  get #host(): Supervised {
    const host = this.#processes.find(({ plan }) => plan.name === "host");
    if (!host) throw new Error("No plan has a host.");
    return host;
  }

  /** A host that died before it was done, or did not answer, is followed by another one, which takes over what is left to remove it. */
  async #removeLeft(): Promise<void> {
    const left = leftOfHost(this.#ground.installation.id);
    if (left.length === 0) return;
    this.#log.warn("the host has ended and left something: another one removes it", { left: left.join(", ") });
    const host = new Supervised(this.#host.plan, this.#options());
    this.#processes.splice(this.#processes.indexOf(this.#host), 1, host);
    await startToRemove(host);
    await this.#removeInstances();
    await host.stop();
  }

  async #removeInstances(): Promise<void> {
    const host = this.#host;
    if (!host.record || !isAlive(host.record)) return;
    try {
      await callers(hostCalls, this.#ground.home.hostSocket).reconcile({ workloads: [] }, { timeoutMs: removeInstancesMs });
    } catch (error) {
      this.#log.error("the instances could not be removed", error);
    }
  }

  #save(): void {
    const own = identityOf(process.pid);
    if (own === undefined) return;
    this.#isSaved = writeState(this.#ground.home, {
      boot: bootId(),
      supervisor: { ...own, state: this.#state },
      processes: this.#processes.flatMap(({ record }) => (record === undefined ? [] : [record])),
    });
  }

  #watchDisk(): void {
    const { home } = this.#ground;
    if (giveUpBallast(home)) this.#log.warn("the disk is full: the ballast was given up, so that the database goes on");
    this.#makingBallast ??= makeBallast(home)
      .catch((error: unknown) => this.#log.error("the ballast cannot be made", error))
      .finally(() => {
        this.#makingBallast = undefined;
      });
  }

  /** What a full disk did not take is written when there is space again, and what was damaged is written anew: 'slip down' finds us by it. */
  #tidy(): void {
    if (!this.#isSaved || readState(this.#ground.home) === undefined) this.#save();
    for (const { plan } of this.#processes) rotateProcessLog(this.#ground.home, plan.name);
  }
}

const startToRemove = async (host: Supervised): Promise<void> => {
  await host.start();
  await Promise.race([host.ready, sleep(hostReadyMs, undefined, { ref: false })]);
};

/** What it was doing is lost; every process of ours can bear that. */
const endNow = async (record: ProcessIdentity): Promise<void> => {
  signal(record, "SIGKILL");
  while (isAlive(record)) await sleep(endedPollMs);
};
