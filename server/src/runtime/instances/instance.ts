// One running copy of a workload, from its start to its end. Its network, and so its address, stays the same over restarts.
import { setTimeout as sleep } from "node:timers/promises";
import { functionAddress } from "@slipstream/contract/ports/function-address.ts";
import type { Instance as InstanceView, WorkloadDesire, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import { scheduledPort } from "@slipstream/contract/ports/scheduled.ts";
import type { Image } from "#platform/oci/image.ts";
import type { RuntimeGround } from "../ground.ts";
import { portOf } from "../isolates/places.ts";
import type { Slot } from "../network/addresses.ts";
import { type Launch, LaunchError } from "../sandboxes/oci-sandbox.ts";
import type { ProgramSandbox, Tail } from "../sandboxes/program-sandbox.ts";
import type { Rest } from "../workloads/rest.ts";
import type { Bell } from "../workloads/schedules.ts";
import { afterExit } from "./backoff.ts";
import { type Exit, exitText, type Patient, patientOf, type Symptom } from "./failure.ts";
import { type Answer, type Gate, untilHealthy, untilListening } from "./health.ts";
import { isHopeless } from "./hopeless.ts";
import { InstanceLog } from "./instance-log.ts";
import { launchOf } from "./launch.ts";
import { isClosed, type Listener, listeners } from "./listening.ts";
import { Pulse } from "./pulse.ts";
import { type InstanceRecord, successorOf } from "./record.ts";
import { Underway } from "./underway.ts";
import { Use } from "./use.ts";

/** Does a start when it is its turn. */
export type InTurn = (start: () => Promise<void>) => Promise<void>;

/** Who has woken a program asks first; and where many were woken, the processors are theirs. */
const confirmedAfterMs = 1_000;

/** What came of waiting for its first healthy answer. */
export type Gated = { outcome: "healthy" } | { outcome: "removed" } | { outcome: "failed"; symptom: Symptom };

export class Instance {
  readonly use: Use;
  readonly #ground: RuntimeGround;
  readonly #spec: WorkloadSpec;
  readonly #record: InstanceRecord;
  readonly #slot: Slot;
  /** Whose address it has: of the instance that it succeeded, or its own slot. */
  readonly #at: Slot;
  readonly #sandbox: ProgramSandbox;
  readonly #port: number;
  readonly #log: InstanceLog;
  #state: InstanceView["state"] = "starting";
  #tail: Tail | undefined;
  /** Aborts when the present program ends or is to end; a restart makes a new one. */
  #run = new AbortController();
  readonly #removed = new AbortController();
  /** Aborts when the program is not to be asked any more whether it is what it was taken for. */
  #confirming = new AbortController();
  readonly #pulse: Pulse = new Pulse(
    () => {
      this.#sandbox.endStill(this.id);
      return this.#state === "backoff" || this.#sandbox.isAlive(this.id);
    },
    () => {
      this.#ground.exits.forget(this.id);
      this.#onExit();
    },
  );
  readonly #underway = new Underway();
  #stopping: Promise<void> = Promise.resolve();
  /** Resolves when nothing is left of the instance that it succeeded. */
  #ceded: Promise<void> = Promise.resolve();
  #exit: Exit | undefined;
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
    this.#at = record.address === undefined ? this.#slot : ground.pool.slot(record.address);
    this.#sandbox = record.isolate ? ground.isolates : ground.sandbox(record.sandbox);
    this.#port = record.isolate ? portOf(record.isolate.place) : spec.port;
    this.#log = new InstanceLog(ground.logs, spec, record.instance);
    this.use = new Use(this.#sandbox, { id: record.instance, port: this.#port, kind: record.sandbox });
  }

  get id(): string {
    return this.#record.instance;
  }
  /** For the audit: where it is, and whether a program of it has to be there now. */
  get place(): { sandbox: string; network: string; workload: string; runs: boolean } {
    const { instance: sandbox, workload } = this.#record;
    return { sandbox, network: this.#slot.name, workload, runs: !this.#record.isolate && ["ready", "asleep", "parked"].includes(this.#state) };
  }
  /** Whose address it has, and whose network it is in. */
  get slots(): { at: Slot; own: Slot } {
    return { at: this.#at, own: this.#slot };
  }
  get layers(): readonly string[] {
    return this.#record.layers;
  }
  get view(): InstanceView {
    const { instance, sandbox, restarts } = this.#record;
    const place = `${this.#at.address}:${this.#port}`;
    return { instance, address: this.isIsolate ? functionAddress(place) : place, state: this.#state, sandbox, restarts };
  }
  /** Where it is called by its schedule. */
  get bell(): Bell {
    return this.#record.isolate ? this.#ground.isolates.bell(this.id) : { host: this.#at.address, port: scheduledPort, path: "/", headers: {} };
  }
  /** It has answered at least once. */
  get isProven(): boolean {
    return this.#record.proven;
  }
  get patient(): Patient {
    return patientOf(this.#spec, this.#record.args, this.#log.lastLines);
  }
  /** How its program, having answered before, ended in the last `ms`. */
  crashWithin(ms: number): Symptom | undefined {
    return this.#crash && performance.now() - this.#crash.at <= ms ? this.#crash.symptom : undefined;
  }

  /** Starts the program, by `begin` where something else does it than its sandbox; gives the symptom when that cannot be done. */
  async start(image: Image, begin = (launch: Launch): Promise<void> => this.#sandbox.start(launch)): Promise<Symptom | undefined> {
    this.#ground.records.saveInstance(this.#record);
    return await this.#launch(() => begin(this.launchOf(image)));
  }

  launchOf(image: Image): Launch {
    return launchOf({ spec: this.#spec, record: this.#record, slot: this.#slot, at: this.#at, image });
  }

  /** Takes over an instance that an earlier host process started. */
  adopt(desire: WorkloadDesire): void {
    this.#sandbox.count(this.id, this.#spec.account);
    this.#desire = desire;
    if (this.#record.stopped) {
      this.#state = "stopped";
      // That process may have died on the way.
      if (!this.isMade) void this.#underway.is(this.#sandbox.stop(this.id, this.#slot.path)).catch(() => {});
      return;
    }
    this.#follow();
    this.#state = this.#adoptedState();
  }

  #adoptedState(): InstanceView["state"] {
    if (this.#desire === "parked") return "parked";
    if (!this.#record.proven) return "starting";
    return this.#sandbox.hold(this.id).isFrozen() ? "asleep" : "ready";
  }

  /** Waits for the first healthy answer. To be called once the program was started or adopted. */
  async gate(): Promise<Gated> {
    if (this.#record.proven) return { outcome: "healthy" };
    const gate = await this.#untilHealthy();
    if (this.#removed.signal.aborted) return { outcome: "removed" };
    if (gate.outcome === "healthy") {
      // A path of its own says when it is ready: to listen is not enough then.
      if (gate.isPrompt && this.#spec.health.path === undefined) this.#record.prompt = true;
      this.#becomeReady();
      return { outcome: "healthy" };
    }
    return { outcome: "failed", symptom: gate.outcome === "late" ? this.#late(gate.last) : { kind: "exited", ...this.#ended } };
  }

  /** Freezes the program in memory. */
  async park(): Promise<void> {
    this.#desire = "parked";
    this.#confirming.abort();
    if (this.#state === "ready") await this.#sandbox.hold(this.id).freeze();
    if (this.#state === "ready" || this.#state === "asleep") this.#state = "parked";
  }

  /** One that was ended stays so until it is woken. */
  unpark(): void {
    this.#desire = "running";
    this.#sandbox.hold(this.id).thaw();
    if (this.#state === "parked" || this.#state === "asleep") this.#state = "ready";
  }

  get memoryBytes(): number {
    return this.#state === "stopped" ? 0 : this.#sandbox.hold(this.id).memoryBytes();
  }

  /** Whether it is among other functions in a process. */
  get isIsolate(): boolean {
    return this.#record.isolate !== undefined;
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
    this.#confirming.abort();
    await this.#sandbox.hold(this.id).freeze();
    this.#state = "asleep";
    this.#log.say("Nobody uses it: it is frozen until somebody asks for it.");
  }

  /** Ends the program until it is woken, and says why in its log. Its place stays its own. */
  async stop(graceMs: number, why: string): Promise<void> {
    if (this.#state !== "ready" && this.#state !== "asleep" && this.#state !== "parked") return;
    this.#confirming.abort();
    this.#state = "stopped";
    this.#record.stopped = true;
    this.#ground.records.saveInstance(this.#record);
    this.#pulse.end();
    this.#ground.exits.forget(this.id);
    const stopping = this.#underway.is(this.#stopNow(graceMs));
    this.#stopping = stopping.catch(() => {});
    await stopping;
    if (!this.#removed.signal.aborted) this.#log.say(why);
  }

  /** Resolves when it is not being ended. */
  get settled(): Promise<void> {
    return this.#stopping;
  }

  async #stopNow(graceMs: number): Promise<void> {
    this.#sandbox.hold(this.id).thaw();
    await this.#askToEnd(graceMs);
    this.#run.abort();
    await this.#sandbox.stop(this.id, this.#slot.path);
    if (this.#removed.signal.aborted) return;
    this.#tail?.end();
    // Until its next start nothing is written.
    this.#tail?.close(true);
    this.#tail = undefined;
  }

  /** Makes the sandbox of its next start, where it was ended: to begin the program is all that is left then. To be called in the workload's turn. */
  async make(): Promise<void> {
    if (this.#state !== "stopped" || this.#removed.signal.aborted) return;
    await this.#launched();
    try {
      await this.#underway.is(this.#sandbox.makeReady(this.id, this.#slot.path));
    } catch (error) {
      await this.unmake();
      if (!this.#removed.signal.aborted) throw error;
    }
  }

  /** Takes that back. */
  async unmake(): Promise<void> {
    if (this.#state === "stopped" && !this.#removed.signal.aborted) await this.#underway.is(this.#sandbox.stop(this.id, this.#slot.path));
  }

  /** Whether it was ended and the sandbox of its next start is there. */
  get isMade(): boolean {
    return this.#state === "stopped" && this.#sandbox.isReady(this.id);
  }

  /** Resolves when it can take requests, or why it cannot. A program that was ended is started when it is its turn. */
  async wake(inTurn: InTurn): Promise<Symptom | undefined> {
    if (this.#state === "asleep") this.unpark();
    if (this.#state !== "stopped") return undefined;
    await this.#launched();
    return this.#removed.signal.aborted ? undefined : this.#comeBack(inTurn);
  }

  /** It counts as ended until it is ready: a host that dies meanwhile begins anew. */
  async #comeBack(inTurn: InTurn, begin?: () => Promise<void>): Promise<Symptom | undefined> {
    this.#state = "starting";
    try {
      return await this.#startAgain(inTurn, begin, this.#record.prompt === true && !this.isIsolate);
    } catch (error) {
      this.#state = "stopped";
      throw error;
    }
  }

  /** What takes the place of this one, which was ended: in the sandbox and the network of a spare, at the same address. */
  successor(spare: { id: string; slot: Slot }, { layers }: Pick<Image, "layers">): Instance {
    return new Instance(this.#ground, this.#spec, successorOf(this.#record, { instance: spare.id, slot: spare.slot.number, layers }));
  }

  /** Starts the program of a successor by `begin`, as `wake` does. What is left of `before` is removed once that is over. */
  succeed(before: Instance, begin: () => Promise<void>, inTurn: InTurn): Promise<Symptom | undefined> {
    const isUp = this.#comeBack(inTurn, () => this.#takeOver(before, begin));
    this.#ceded = isUp.catch(() => {}).then(() => before.#cede());
    return isUp;
  }

  /** Which of the two is there is written down while the program starts: a host that dies before that goes on with the one before. */
  async #takeOver(before: Instance, begin: () => Promise<void>): Promise<void> {
    const begun = begin();
    try {
      this.#ground.records.saveInstance(this.#record);
      this.#ground.records.forgetInstance(before.id);
    } finally {
      await begun;
    }
  }

  /** Nothing is left of it but its address, which its successor has. */
  async #cede(): Promise<void> {
    await this.#letGo();
    await this.#wipe();
    await (this.#at === this.#slot ? this.#ground.pool.vacate(this.#slot) : this.#ground.pool.release(this.#slot));
  }

  /** Resolves when nothing is left of what it succeeded. */
  get ceded(): Promise<void> {
    return this.#ceded;
  }

  /** From here on nothing more is done with it but to end it. */
  async #letGo(): Promise<void> {
    this.#removed.abort();
    this.#run.abort();
    this.#pulse.end();
    await this.#launched();
    this.#ground.exits.forget(this.id);
  }

  async #wipe(): Promise<void> {
    this.#tail?.close(false);
    await this.#sandbox.remove(this.id, this.#slot.path);
  }

  /** SIGTERM, after `graceMs` SIGKILL; then nothing of it is left. */
  async remove(graceMs: number): Promise<void> {
    if (this.#state === "asleep") this.unpark();
    // One that is parked has finished, and one that has not come up yet has nothing to finish.
    const mayFinish = this.#state === "ready";
    await this.#letGo();
    // One that never answered has no requests to finish.
    if (mayFinish) await this.#askToEnd(this.#record.proven ? graceMs : 0);
    await this.#wipe();
    await this.#ceded.catch(() => {});
    if (this.#record.isolate) return;
    await this.#ground.pool.release(this.#slot);
    if (this.#at !== this.#slot) this.#ground.pool.giveBack(this.#at);
  }

  #launched(): Promise<void> {
    return this.#underway.over(() => this.#sandbox.kill(this.id));
  }

  /** Ends the program as it is, and says why where it is told; a new one takes its place, as after a crash, which it is not. */
  kill(why?: string): void {
    if (why !== undefined) this.#log.say(why);
    this.#isKilled = true;
    this.#sandbox.renew(this.id);
  }

  /** Lets go of the program without touching it: the next host process adopts it. */
  abandon(): void {
    this.#removed.abort();
    this.#run.abort();
    this.#pulse.end();
    this.#ground.exits.forget(this.id);
    this.#tail?.close(true);
  }

  #askToEnd(graceMs: number): Promise<void> {
    return this.#sandbox.askToEnd(this.id, graceMs, this.#ground.hurry);
  }

  #launch(start: () => Promise<void>): Promise<Symptom | undefined> {
    return this.#underway.is(this.#launchNow(start));
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
    this.#tail ??= this.#sandbox.follow(this.id, (line) => this.#log.take(line));
    if (this.#removed.signal.aborted) return;
    if (!this.#record.isolate) this.#ground.pool.tellDenied(this.#slot, (line) => this.#log.say(line));
    this.#ground.exits.onExit(this.id, () => this.#onExit());
    this.#pulse.begin();
  }

  #listeners(): Listener[] {
    return listeners(this.#sandbox.pid(this.id));
  }

  #untilHealthy(until = untilHealthy, stopped = this.#run.signal): Promise<Gate> {
    const { health: check } = this.#spec;
    const port = this.#port;
    const pid = this.#sandbox.pid(this.id);
    const target = { host: this.#at.address, port, check, waits: this.#ground.waits, isClosed: () => isClosed(pid) };
    return until(target, stopped, (last, elapsed) => isHopeless(last, elapsed, () => this.#listeners(), port));
  }

  /** Asks a program that was taken for healthy whether it is, once who has woken it has asked: one that is not is ended, as one that did not come up. */
  async #confirm(): Promise<void> {
    this.#confirming = new AbortController();
    const stopped = AbortSignal.any([this.#run.signal, this.#confirming.signal]);
    await sleep(confirmedAfterMs, undefined, { signal: stopped, ref: false }).catch(() => {});
    const gate = await this.#untilHealthy(untilHealthy, stopped);
    if (gate.outcome === "stopped" || stopped.aborted) return;
    if (gate.outcome === "late" || !gate.isPrompt) delete this.#record.prompt;
    if (gate.outcome === "late") this.#endLate();
  }

  #endLate(): void {
    this.#log.say("The program did not become healthy again; it is ended.");
    this.#sandbox.kill(this.id);
  }

  #becomeReady(): void {
    this.#state = this.#desire === "parked" ? "parked" : "ready";
    this.#sandbox.proven(this.id);
    if (this.#record.proven && !this.#record.stopped) return;
    this.#record.proven = true;
    delete this.#record.stopped;
    this.#ground.records.saveInstance(this.#record);
  }

  #onExit(): void {
    this.#pulse.end();
    this.#exit = { exitCode: this.#sandbox.exitCode(this.id) ?? 137, outOfMemory: this.#sandbox.hold(this.id).oomKills() > 0 };
    this.#tail?.end();
    this.#run.abort();
    if (!this.#record.proven || this.#removed.signal.aborted) return;
    if (!this.#isKilled) this.#crash = { at: performance.now(), symptom: { kind: "crashed", ...this.#exit } };
    this.#restartLater(this.#exit);
  }

  #restartLater(exit: Exit): void {
    const { failures, pauseMs } = afterExit(this.#failures, performance.now() - this.#startedAt);
    this.#failures = failures;
    this.#state = "backoff";
    this.#log.say(`The program ${exitText(exit, this.#spec)}; it is started again in ${pauseMs} ms.`);
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

  async #startAgain(
    inTurn: InTurn = (start) => start(),
    begin = (): Promise<void> => this.#sandbox.restart(this.id, this.#slot.path),
    isTrusted = false,
  ): Promise<Symptom | undefined> {
    const symptom = await this.#launch(() => inTurn(begin));
    if (symptom?.kind === "not_started") this.#log.say(`The program could not be started: ${symptom.message}`);
    if (symptom) {
      this.#restartLater({ exitCode: 127, outOfMemory: false });
      return symptom;
    }
    // What was loaded into an isolate has answered by that.
    const isLoaded = this.isIsolate && this.#record.proven && this.#sandbox.isAlive(this.id);
    const gate = isLoaded ? ({ outcome: "healthy" } as const) : await this.#untilHealthy(isTrusted ? untilListening : untilHealthy);
    if (gate.outcome === "stopped") return this.#removed.signal.aborted ? undefined : { kind: "exited", ...this.#ended };
    if (gate.outcome === "late") {
      this.#endLate();
      return this.#late(gate.last);
    }
    this.#becomeReady();
    if (this.#desire === "parked") await this.#sandbox.hold(this.id).freeze();
    else if (isTrusted) void this.#confirm();
    return undefined;
  }

  get #ended(): Exit {
    return this.#exit ?? { exitCode: 137, outOfMemory: false };
  }

  #late(last: Answer): Symptom {
    return { kind: "late", last, listeners: this.#listeners(), elapsedMs: performance.now() - this.#startedAt };
  }
}
