// One running copy of a workload, from its start to its end. Its network, and so its address, stays the same over restarts.
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Instance as InstanceView, WorkloadDesire, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { Image } from "#platform/oci/image.ts";
import type { RuntimeGround } from "../ground.ts";
import type { Slot } from "../network/addresses.ts";
import { OutputTail } from "../output/output-tail.ts";
import { type Launch, LaunchError, type OciSandbox } from "../sandboxes/oci-sandbox.ts";
import type { Rest } from "../workloads/rest.ts";
import { afterExit } from "./backoff.ts";
import type { Patient, Symptom } from "./failure.ts";
import { type Answer, untilHealthy } from "./health.ts";
import { isHopeless } from "./hopeless.ts";
import { InstanceLog } from "./instance-log.ts";
import { launchOf } from "./launch.ts";
import { listeners } from "./listening.ts";
import type { InstanceRecord } from "./record.ts";
import { catchesTermination, terminate } from "./termination.ts";
import { Use } from "./use.ts";

const pulseMs = 2_000;
const endingEveryMs = 20;

/** What came of waiting for its first healthy answer. */
export type Gated = { outcome: "healthy" } | { outcome: "removed" } | { outcome: "failed"; symptom: Symptom };

export class Instance {
  readonly use: Use;
  readonly #ground: RuntimeGround;
  readonly #spec: WorkloadSpec;
  readonly #record: InstanceRecord;
  readonly #slot: Slot;
  readonly #sandbox: OciSandbox;
  readonly #log: InstanceLog;
  #state: InstanceView["state"] = "starting";
  #tail: OutputTail | undefined;
  /** Aborts when the present program ends or is to end; a restart makes a new one. */
  #run = new AbortController();
  readonly #removed = new AbortController();
  #pulse: NodeJS.Timeout | undefined;
  #missed = 0;
  /** The start, or the end, that is under way: removing waits for it, so nothing is made after it was removed. */
  #launching: Promise<unknown> = Promise.resolve();
  #exit: { exitCode: number; outOfMemory: boolean } | undefined;
  #crash: { at: number; symptom: Symptom } | undefined;
  /** The present program was ended by us. */
  #isKilled: boolean = false;
  #startedAt = performance.now();
  #failures = 0;
  #desire: WorkloadDesire = "running";

  constructor(ground: RuntimeGround, spec: WorkloadSpec, record: InstanceRecord) {
    this.#ground = ground;
    this.#spec = spec;
    this.#record = record;
    this.#slot = ground.pool.slot(record.slot);
    this.#sandbox = ground.sandbox(record.sandbox);
    this.#log = new InstanceLog(ground.logs, spec, record.instance);
    this.use = new Use(this.#sandbox, { id: record.instance, port: spec.port });
  }

  get id(): string {
    return this.#record.instance;
  }
  /** For the audit: where it is, and whether a program of it has to be there now. */
  get place(): { sandbox: string; network: string; workload: string; runs: boolean } {
    const { instance: sandbox, workload } = this.#record;
    return { sandbox, network: this.#slot.name, workload, runs: ["ready", "asleep", "parked"].includes(this.#state) };
  }
  get layers(): readonly string[] {
    return this.#record.layers;
  }
  get view(): InstanceView {
    const { instance, sandbox, restarts } = this.#record;
    return { instance, address: `${this.#slot.address}:${this.#spec.port}`, state: this.#state, sandbox, restarts };
  }
  /** It has answered at least once. */
  get isProven(): boolean {
    return this.#record.proven;
  }
  get patient(): Patient {
    const { id, tags, port, memoryBytes, health, command, env } = this.#spec;
    return {
      app: tags.app,
      deployment: id,
      port,
      memoryBytes,
      check: health,
      command: this.#record.args,
      isOwnCommand: command !== undefined,
      variables: Object.keys(env),
      lastLines: this.#log.lastLines,
    };
  }
  /** How its program, having answered before, ended in the last `ms`. */
  crashWithin(ms: number): Symptom | undefined {
    return this.#crash && performance.now() - this.#crash.at <= ms ? this.#crash.symptom : undefined;
  }

  /** Starts the program, by `begin` where something else does it than its sandbox; gives the symptom when that cannot be done. */
  async start(image: Image, begin = (launch: Launch): Promise<void> => this.#sandbox.start(launch)): Promise<Symptom | undefined> {
    this.#ground.records.saveInstance(this.#record);
    return await this.#launch(() => begin(launchOf({ spec: this.#spec, record: this.#record, slot: this.#slot, image })));
  }

  /** Takes over an instance that an earlier host process started. */
  adopt(desire: WorkloadDesire): void {
    this.#sandbox.count(this.id, this.#spec.account);
    this.#desire = desire;
    if (this.#record.stopped) {
      this.#state = "stopped";
      // That process may have died on the way.
      this.#launching = this.#sandbox.stop(this.id, this.#slot.path).catch(() => {});
      return;
    }
    this.#follow();
    this.#state = this.#adoptedState();
  }

  #adoptedState(): InstanceView["state"] {
    if (this.#desire === "parked") return "parked";
    if (!this.#record.proven) return "starting";
    return this.#sandbox.cgroup(this.id).isFrozen() ? "asleep" : "ready";
  }

  /** Waits for the first healthy answer. To be called once the program was started or adopted. */
  async gate(): Promise<Gated> {
    if (this.#record.proven) return { outcome: "healthy" };
    const gate = await this.#untilHealthy();
    if (this.#removed.signal.aborted) return { outcome: "removed" };
    if (gate.outcome === "healthy") {
      this.#becomeReady();
      return { outcome: "healthy" };
    }
    return { outcome: "failed", symptom: gate.outcome === "late" ? this.#late(gate.last) : { kind: "exited", ...this.#ended } };
  }

  /** Freezes the program in memory. */
  async park(): Promise<void> {
    this.#desire = "parked";
    if (this.#state === "ready") await this.#sandbox.cgroup(this.id).freeze();
    if (this.#state === "ready" || this.#state === "asleep") this.#state = "parked";
  }

  /** One that was ended stays so until it is woken. */
  unpark(): void {
    this.#desire = "running";
    this.#sandbox.cgroup(this.id).thaw();
    if (this.#state === "parked" || this.#state === "asleep") this.#state = "ready";
  }

  get memoryBytes(): number {
    return this.#state === "stopped" ? 0 : this.#sandbox.cgroup(this.id).memoryBytes();
  }

  get rest(): Rest {
    return this.#state === "asleep" || this.#state === "stopped" ? this.#state : "awake";
  }

  /** Whether clients hold connections to it, or it has worked since this was asked last. */
  isUsed(): boolean {
    const isBusy = this.use.isBusy();
    return this.#state !== "ready" || isBusy || this.use.hasClients();
  }

  /** Freezes the program until somebody asks for it. */
  async sleep(): Promise<void> {
    if (this.#state !== "ready") return;
    await this.#sandbox.cgroup(this.id).freeze();
    this.#state = "asleep";
    this.#log.say("Nobody uses it: it is frozen until somebody asks for it.");
  }

  /** Ends the program until it is woken, and says why in its log. Its place stays its own. */
  async stop(graceMs: number, why: string): Promise<void> {
    if (this.#state !== "ready" && this.#state !== "asleep" && this.#state !== "parked") return;
    this.#state = "stopped";
    this.#record.stopped = true;
    this.#ground.records.saveInstance(this.#record);
    clearInterval(this.#pulse);
    this.#ground.exits.forget(this.id);
    const stopping = this.#stopNow(graceMs);
    this.#launching = stopping.catch(() => {});
    await stopping;
    if (!this.#removed.signal.aborted) this.#log.say(why);
  }

  async #stopNow(graceMs: number): Promise<void> {
    this.#sandbox.cgroup(this.id).thaw();
    await this.#askToEnd(graceMs);
    this.#run.abort();
    await this.#sandbox.stop(this.id, this.#slot.path);
    if (!this.#removed.signal.aborted) this.#tail?.end();
  }

  /** Resolves when it can take requests, or why it cannot. A program that was ended is started when it is its turn. */
  async wake(inTurn: (start: () => Promise<void>) => Promise<void>): Promise<Symptom | undefined> {
    if (this.#state === "asleep") this.unpark();
    if (this.#state !== "stopped") return undefined;
    await this.#launched();
    if (this.#removed.signal.aborted) return undefined;
    this.#state = "starting";
    try {
      // It counts as ended until it is ready: a host that dies meanwhile begins anew.
      return await this.#startAgain(inTurn);
    } catch (error) {
      this.#state = "stopped";
      throw error;
    }
  }

  /** SIGTERM, after `graceMs` SIGKILL; then nothing of it is left. */
  async remove(graceMs: number): Promise<void> {
    if (this.#state === "asleep") this.unpark();
    // One that is parked has finished, and one that has not come up yet has nothing to finish.
    const mayFinish = this.#state === "ready";
    this.#removed.abort();
    this.#run.abort();
    clearInterval(this.#pulse);
    await this.#launched();
    this.#ground.exits.forget(this.id);
    // One that never answered has no requests to finish.
    if (mayFinish) await this.#askToEnd(this.#record.proven ? graceMs : 0);
    this.#tail?.close(false);
    await this.#sandbox.remove(this.id, this.#slot.path);
    await this.#ground.pool.release(this.#slot);
  }

  /** Resolves when no start is under way. One takes its time to make a sandbox, and fails at once when the processes of that are gone. */
  async #launched(): Promise<void> {
    let isOver = false;
    const over = this.#launching.finally(() => {
      isOver = true;
    });
    for (await Promise.race([over, nextTurn()]); !isOver; await Promise.race([over, sleep(endingEveryMs)])) this.#sandbox.cgroup(this.id).kill();
  }

  /** Ends the program as it is; a new one takes its place, as after a crash, which it is not. */
  kill(): void {
    this.#isKilled = true;
    this.#sandbox.cgroup(this.id).kill();
  }

  /** As kill: its layers were unpacked anew, and are mounted with the next program. */
  remount(): void {
    this.#log.say("A file of the artifact was damaged on this machine. The artifact is unpacked anew, and the program started again.");
    this.kill();
  }

  /** Lets go of the program without touching it: the next host process adopts it. */
  abandon(): void {
    this.#removed.abort();
    this.#run.abort();
    clearInterval(this.#pulse);
    this.#ground.exits.forget(this.id);
    this.#tail?.close(true);
  }

  /**
   * Asks the first process, and waits. One without a handler for SIGTERM never gets it, being the first of its namespace (a shell
   * that started the program, say): then those below it are asked. Where nobody would hear, nobody is waited for.
   */
  async #askToEnd(graceMs: number): Promise<void> {
    const first = this.#sandbox.pid(this.id);
    const hears = first !== undefined && catchesTermination(first);
    const asked = hears ? [first] : this.#sandbox.cgroup(this.id).pids().filter(catchesTermination);
    if (graceMs === 0) return;
    for (const pid of asked) terminate(pid);
    // A handler that was for once, as Node's own is, is gone after the signal: that program does not end by it.
    for (const end = performance.now() + graceMs; asked.some(catchesTermination) && performance.now() < end && !this.#ground.hurry.aborted; ) await sleep(10);
  }

  #launch(start: () => Promise<void>): Promise<Symptom | undefined> {
    const launching = this.#launchNow(start);
    this.#launching = launching.catch(() => {});
    return launching;
  }

  async #launchNow(start: () => Promise<void>): Promise<Symptom | undefined> {
    this.#startedAt = performance.now();
    this.#run = new AbortController();
    if (this.#removed.signal.aborted) this.#run.abort();
    this.#exit = undefined;
    this.#isKilled = false;
    try {
      await start();
    } catch (error) {
      if (error instanceof LaunchError) return { kind: "not_started", message: error.message };
      throw error;
    }
    this.#follow();
    return undefined;
  }

  #follow(): void {
    this.#tail ??= new OutputTail(this.#sandbox.output(this.id), join(this.#sandbox.bundle(this.id), "place.json"), (line) => this.#log.take(line));
    if (this.#removed.signal.aborted) return;
    this.#ground.pool.tellDenied(this.#slot, (line) => this.#log.say(line));
    this.#ground.exits.onExit(this.id, () => this.#onExit());
    clearInterval(this.#pulse);
    this.#pulse = setInterval(() => this.#feelPulse(), pulseMs);
    this.#pulse.unref();
  }

  /** An exit that nobody has written down. Looked at twice: conmon may be about to. */
  #feelPulse(): void {
    if (this.#state === "backoff" || this.#sandbox.isAlive(this.id)) this.#missed = 0;
    else if (++this.#missed > 1) {
      this.#ground.exits.forget(this.id);
      this.#onExit();
    }
  }

  #listeners() {
    const pid = this.#sandbox.pid(this.id);
    return pid === undefined ? [] : listeners(pid);
  }

  #untilHealthy() {
    const { port, health: check } = this.#spec;
    return untilHealthy({ host: this.#slot.address, port, check }, this.#run.signal, (last, elapsed) =>
      isHopeless(last, elapsed, () => this.#listeners(), port),
    );
  }

  #becomeReady(): void {
    this.#state = this.#desire === "parked" ? "parked" : "ready";
    if (this.#record.proven && !this.#record.stopped) return;
    this.#record.proven = true;
    delete this.#record.stopped;
    this.#ground.records.saveInstance(this.#record);
  }

  #onExit(): void {
    clearInterval(this.#pulse);
    this.#missed = 0;
    this.#exit = { exitCode: this.#sandbox.exitCode(this.id) ?? 137, outOfMemory: this.#sandbox.cgroup(this.id).oomKills() > 0 };
    this.#tail?.end();
    this.#run.abort();
    if (!this.#record.proven || this.#removed.signal.aborted) return;
    if (!this.#isKilled) this.#crash = { at: performance.now(), symptom: { kind: "crashed", ...this.#exit } };
    this.#restartLater(this.#exit);
  }

  #restartLater({ exitCode, outOfMemory }: { exitCode: number; outOfMemory: boolean }): void {
    const { failures, pauseMs } = afterExit(this.#failures, performance.now() - this.#startedAt);
    this.#failures = failures;
    this.#state = "backoff";
    const why = outOfMemory ? `needed more than its ${Math.round(this.#spec.memoryBytes / 2 ** 20)} MB of memory and was ended` : `ended with ${exitCode}`;
    this.#log.say(`The program ${why}; it is started again in ${pauseMs} ms.`);
    sleep(pauseMs, undefined, { signal: this.#removed.signal })
      .then(() => this.#restart())
      .catch((error: unknown) => this.#removed.signal.aborted || this.#ground.log.error("an instance could not be restarted", error, { instance: this.id }));
  }

  async #restart(): Promise<void> {
    if (this.#removed.signal.aborted) return;
    this.#record.restarts += 1;
    this.#ground.records.saveInstance(this.#record);
    await this.#startAgain();
  }

  async #startAgain(inTurn = (start: () => Promise<void>) => start()): Promise<Symptom | undefined> {
    const symptom = await this.#launch(() => inTurn(() => this.#sandbox.restart(this.id, this.#slot.path)));
    if (symptom?.kind === "not_started") this.#log.say(`The program could not be started: ${symptom.message}`);
    if (symptom) {
      this.#restartLater({ exitCode: 127, outOfMemory: false });
      return symptom;
    }
    const gate = await this.#untilHealthy();
    if (gate.outcome === "stopped") return this.#removed.signal.aborted ? undefined : { kind: "exited", ...this.#ended };
    if (gate.outcome === "late") {
      this.#log.say("The program did not become healthy again; it is ended.");
      this.#sandbox.signal(this.id, "SIGKILL");
      return this.#late(gate.last);
    }
    this.#becomeReady();
    if (this.#desire === "parked") await this.#sandbox.cgroup(this.id).freeze();
    return undefined;
  }

  get #ended(): { exitCode: number; outOfMemory: boolean } {
    return this.#exit ?? { exitCode: 137, outOfMemory: false };
  }

  #late(last: Answer): Symptom {
    return { kind: "late", last, listeners: this.#listeners(), elapsedMs: performance.now() - this.#startedAt };
  }
}
