// Functions in isolates: those of a project are in one process together, each with a port of its own. To an instance it is a sandbox.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { limit } from "@slipstream/contract/limits.ts";
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { newId } from "#platform/ids.ts";
import type { Image } from "#platform/oci/image.ts";
import type { Exit } from "../instances/failure.ts";
import { endConnections, sameMomentMs } from "../instances/listening.ts";
import type { OutputLine } from "../output/output-line.ts";
import { type Launch, LaunchError, type OciSandbox } from "../sandboxes/oci-sandbox.ts";
import type { Hold, ProgramSandbox, Tail } from "../sandboxes/program-sandbox.ts";
import type { Bell } from "../workloads/schedules.ts";
import { bindingsOf, modulesOf, sharedFunctionIn } from "./bundle.ts";
import { type LoadRequest, load, rest, unload, wake } from "./line.ts";
import { newMark } from "./marks.ts";
import { type Member, newMember, tell } from "./member.ts";
import { controlPort, freePlace, portOf } from "./places.ts";
import { FunctionProcess, type ProcessGround } from "./process.ts";
import { type FunctionRecord, IsolateRecords, type ProcessRecord } from "./record.ts";

export interface IsolatesGround extends ProcessGround {
  /** Each sandbox's folder. */
  bundles: string;
  sandbox(kind: SandboxKind): OciSandbox;
}

/** Where an instance is: in which process, at which of its places, in whose network. */
export interface Seat {
  process: string;
  place: number;
  slot: number;
}

const notLoaded: Exit = { exitCode: 1, outOfMemory: false };
const killed: Exit = { exitCode: 137, outOfMemory: false };
/** Tries of a function whose process other functions end before it has answered. */
const loadsMax = 3;
const lookAgainMs = 20;

/** Of one that is loaded beside others it is not known for certain that it was the one. */
const hung = (): string =>
  `While it was loaded a function computed for ${limit("functionBusyMs") / 1_000} s without a pause, ${loadsMax} times in a row: most likely this one, in what it does outside of its handlers.`;

/** What the router takes to load it; undefined where its artifact is not there. */
const loadTextOf = ({ layers, env, mark }: FunctionRecord): string | undefined => {
  const stored = sharedFunctionIn(layers);
  if (!stored) return undefined;
  const { compatibilityDate, compatibilityFlags } = stored.bundle;
  return JSON.stringify({ compatibilityDate, compatibilityFlags, modules: modulesOf(stored), env, mark } satisfies LoadRequest);
};

/**
 * Functions with the same key may be in one process. A grant may be for one project, or for some apps of it: whoever has it must not be able to
 * hold up another by a function that computes for ever, nor may code that was made with it, whoever starts that.
 */
const keyOf = ({ tags, memoryBytes, cpus, account, codeBy }: WorkloadSpec, kind: SandboxKind, below: readonly string[]): string =>
  JSON.stringify([tags.tenant, tags.project, kind, below, memoryBytes, cpus, account, ...(codeBy === undefined ? [] : [codeBy])]);

export class Isolates implements ProgramSandbox {
  readonly #ground: IsolatesGround;
  readonly #processes = new Map<string, FunctionProcess>();
  /** By instance. */
  readonly #of = new Map<string, FunctionProcess>();
  readonly #records: IsolateRecords;
  #last: Promise<unknown> = Promise.resolve();

  constructor(ground: IsolatesGround) {
    this.#ground = ground;
    this.#records = new IsolateRecords({ bundles: ground.bundles, exits: ground.exits.folder });
  }

  /** A place for an instance; undefined where its program is no function, or one that has a process of its own. */
  seat(id: string, spec: WorkloadSpec, image: Image, kind: SandboxKind): Promise<Seat | undefined> {
    const seated = this.#last.then(() => this.#seat(id, spec, image, kind));
    this.#last = seated.catch(() => {});
    return seated;
  }

  async #seat(id: string, spec: WorkloadSpec, image: Image, kind: SandboxKind): Promise<Seat | undefined> {
    const stored = spec.command === undefined ? sharedFunctionIn(image.layers) : undefined;
    if (!stored) return undefined;
    const { memoryBytes, cpus, account } = spec;
    const key = keyOf(spec, kind, stored.below);
    // Another instance of the same workload would add nothing in the same process.
    const fits = (process: FunctionProcess): boolean =>
      process.record.key === key && placeIn(process) !== undefined && ![...process.members.values()].some(({ workload }) => workload === spec.id);
    const process =
      [...this.#processes.values()].find(fits) ??
      (await this.#make({ key, sandbox: kind, layers: [...stored.below], memoryBytes, cpus, ...(account === undefined ? {} : { account }) }));
    const place = placeIn(process) ?? 0;
    process.add(newMember({ id, workload: spec.id, place, mark: newMark() }));
    this.#of.set(id, process);
    return { process: process.record.id, place, slot: process.record.slot };
  }

  async #make(of: Omit<ProcessRecord, "id" | "slot" | "secret">): Promise<FunctionProcess> {
    const slot = await this.#ground.pool.acquire();
    const record = { ...of, id: newId("ins"), slot: slot.number, secret: randomBytes(24).toString("base64url") };
    this.#records.saveProcess(record);
    return this.#open(record);
  }

  #open(record: ProcessRecord): FunctionProcess {
    const onEnd = (member: Member, exit: Exit): void => this.#ended(member, exit);
    const process = new FunctionProcess(this.#ground, record, { sandbox: this.#ground.sandbox(record.sandbox), onEnd });
    this.#processes.set(record.id, process);
    return process;
  }

  /** Whether an earlier host process has left what it takes to take an instance over. */
  canAdopt(instance: string, { process }: Pick<Seat, "process">): boolean {
    return this.#records.process(process) !== undefined && this.#records.function(instance) !== undefined;
  }

  /** Takes over what earlier host processes have started: each instance of `seated`, and the processes that these are in. */
  adopt(seated: readonly { instance: string; workload: string; seat: Seat; stopped: boolean }[]): void {
    for (const { instance, workload, seat, stopped } of seated) {
      const [record, kept] = [this.#records.process(seat.process), this.#records.function(instance)];
      if (!record || !kept) continue;
      const process = this.#processes.get(record.id) ?? this.#open(record);
      const keptBytes = stopped ? Buffer.byteLength(loadTextOf(kept) ?? "") : 0;
      const of = { id: instance, workload, place: seat.place, mark: kept.mark };
      process.add({ ...newMember(of), isLoaded: !stopped, keptBytes, isProven: true });
      this.#of.set(instance, process);
    }
    for (const process of this.#processes.values()) process.adopt();
  }

  /** For the audit. */
  get held(): { sandbox: string; network: string; runs: boolean }[] {
    return [...this.#processes.values()].map(({ record, slot, isUp }) => ({ sandbox: record.id, network: slot.name, runs: isUp }));
  }

  /** Leaves everything running for the host process that comes next. */
  abandon(): void {
    for (const process of this.#processes.values()) process.abandon();
  }

  async start({ spec: { id, layers, env } }: Launch): Promise<void> {
    const { mark } = this.#member(id);
    const record: FunctionRecord = { layers: [...layers], env: bindingsOf(env), mark };
    this.#records.saveFunction(id, record);
    await this.#load(id, record);
  }

  async restart(id: string): Promise<void> {
    if (this.exitCode(id) !== undefined) await this.#cut(this.#process(id), this.#member(id));
    this.#records.forgetExit(id);
    const record = this.#records.function(id);
    if (!record) throw new LaunchError("What it was started with is not there any more.");
    await this.#load(id, record);
  }

  /** To load it is all that there is to do. */
  async makeReady(): Promise<void> {}
  isReady(): boolean {
    return false;
  }

  async #load(id: string, record: FunctionRecord): Promise<void> {
    const [process, member] = [this.#process(id), this.#member(id)];
    const trouble = await this.#loadInto(process, member, record);
    if (trouble === undefined) return;
    tell(member, trouble.replace(/^Failed to start Worker:\n/, "service function: "));
    this.#end(member, notLoaded);
  }

  /** Another function may end the process meanwhile: then it is started again, for a bounded number of times. */
  async #loadInto(process: FunctionProcess, member: Member, record: FunctionRecord): Promise<string | undefined> {
    for (let tries = 1; ; tries += 1) {
      try {
        await process.up();
        const trouble = await this.#loadOnce(process, member, record);
        member.isLoaded = trouble === undefined && process.isUp;
        if (trouble !== undefined || member.isLoaded) return trouble;
      } catch (error) {
        if (tries === loadsMax && process.hasHung) return hung();
        if (tries === loadsMax || !(await process.hasEnded())) throw error instanceof LaunchError ? error : new LaunchError(String(error));
      }
      if (tries === loadsMax) throw new LaunchError("The process of its project's functions ended while it was loaded.");
    }
  }

  /** What rests with the router need not be read and sent again, and the request that it is woken for may have loaded it. */
  async #loadOnce({ line }: FunctionProcess, member: Member, record: FunctionRecord): Promise<string | undefined> {
    const woken = member.keptBytes > 0 ? await wake(line, member.place, member.mark) : ({ isThere: false } as const);
    member.keptBytes = 0;
    if (woken.isThere) return woken.trouble;
    const text = loadTextOf(record);
    if (text === undefined) throw new LaunchError("The function is not in its artifact.");
    return await load(line, member.place, text);
  }

  /** Of one that has not answered yet it is not known that it has ended the process: it gets another try, like one that is being loaded. */
  #ended(member: Member, exit: Exit): void {
    const record = this.#records.function(member.id);
    if (member.isProven || member.loads >= loadsMax || !record) {
      this.#end(member, exit);
      return;
    }
    member.isLoaded = false;
    member.loads += 1;
    member.again = this.#load(member.id, record).catch(() => this.#end(member, exit));
  }

  proven(id: string): void {
    const member = this.#of.get(id)?.members.get(id);
    if (member) member.isProven = true;
  }

  /** Says that a function has ended, as conmon does of a program. */
  #end(member: Member, exit: Exit): void {
    member.isLoaded = false;
    member.exit = exit;
    this.#records.saveExit(member.id, exit.exitCode);
  }

  /** It is counted with its process. */
  count(): void {}

  follow(id: string, take: (line: OutputLine) => void): Tail {
    const member = this.#member(id);
    member.take = take;
    for (const line of member.untold.splice(0)) take(line);
    return {
      end: () => {},
      close: () => {
        member.take = undefined;
      },
    };
  }

  /** An isolate that nobody asks does nothing: it needs no freezing. */
  hold(id: string): Hold {
    const process = this.#of.get(id);
    return {
      freeze: () => Promise.resolve(),
      thaw: () => {},
      isFrozen: () => false,
      oomKills: () => (process?.members.get(id)?.exit?.outOfMemory === true ? 1 : 0),
      cpuTime: () => undefined,
      isRunnable: () => false,
      memoryBytes: () => (process ? process.sandbox.cgroup(process.record.id).memoryBytes() / Math.max(1, process.loaded.length) : 0),
    };
  }

  /** Where a function is called by its schedule. */
  bell(id: string): Bell {
    const { address, secret } = this.#process(id).line;
    return { host: address, port: controlPort, path: `/${this.#member(id).place}`, headers: { authorization: secret } };
  }

  pid(id: string): number | undefined {
    const process = this.#of.get(id);
    return process?.sandbox.pid(process.record.id);
  }

  hasClients(id: string, port: number): boolean {
    const pid = this.pid(id);
    return pid === undefined || (this.#of.get(id)?.clients.has(pid, port) ?? true);
  }

  exitCode(id: string): number | undefined {
    return this.#records.exitCode(id);
  }

  /** Of the process, which looks itself. */
  endStill(): void {}

  isAlive(id: string): boolean {
    const process = this.#of.get(id);
    return process?.isUp === true && process.members.get(id)?.isLoaded === true;
  }

  async askToEnd(id: string, graceMs: number, hurry: AbortSignal): Promise<void> {
    const port = portOf(this.#member(id).place);
    const isUsed = (): boolean => this.isAlive(id) && this.pid(id) !== undefined && this.hasClients(id, port);
    for (const end = performance.now() + graceMs; performance.now() < end && !hurry.aborted && isUsed(); ) await sleep(lookAgainMs);
  }

  kill(id: string): void {
    const member = this.#of.get(id)?.members.get(id);
    if (!member?.isLoaded) return;
    void this.#unload(member).catch(() => {});
    this.#end(member, killed);
  }

  renew(id: string): void {
    this.#of.get(id)?.kill();
  }

  async stop(id: string): Promise<void> {
    const member = this.#member(id);
    await member.again;
    await this.#rest(member);
    this.#of.get(id)?.restSoon();
  }

  /** The router keeps what it takes to load it, so that the next request does. Where it holds enough, the host is waited for. */
  async #rest(member: Member): Promise<void> {
    if (!member.isLoaded) return;
    const [process, text] = [this.#process(member.id), this.#textOf(member.id)];
    const bytes = text === undefined ? 0 : Buffer.byteLength(text);
    if (text === undefined || !process.isUp || !process.hasRoomFor(bytes)) return await this.#unload(member);
    member.isLoaded = false;
    member.keptBytes = bytes;
    await rest(process.line, member.place, text).catch(() => {
      member.keptBytes = 0;
    });
  }

  #textOf(id: string): string | undefined {
    const record = this.#records.function(id);
    return record && loadTextOf(record);
  }

  async #unload(member: Member): Promise<void> {
    const process = this.#process(member.id);
    member.isLoaded = false;
    member.keptBytes = 0;
    // One that does not answer takes the function with it when it is ended.
    if (process.isUp) await unload(process.line, member.place).catch(() => {});
  }

  /** An isolate that was ended goes on with what is open to it: that ends with its connections, or where the kernel ends none, with the process. */
  async #cut(process: FunctionProcess, { id, place }: Member): Promise<void> {
    const port = portOf(place);
    const isOpen = (): boolean => process.isUp && this.pid(id) !== undefined && this.hasClients(id, port);
    if (!isOpen()) return;
    await endConnections(process.slot.path, port);
    await sleep(2 * sameMomentMs);
    if (isOpen()) process.kill();
  }

  async remove(id: string): Promise<void> {
    const process = this.#of.get(id);
    const member = process?.members.get(id);
    if (process && member) {
      await member.again;
      await this.#unload(member);
      await this.#cut(process, member);
      await this.#leave(process, member);
    }
    this.#records.remove(id);
  }

  /** With the last function its process goes. */
  async #leave(process: FunctionProcess, member: Member): Promise<void> {
    process.drop(member);
    this.#of.delete(member.id);
    process.restSoon();
    if (process.members.size > 0) return;
    this.#processes.delete(process.record.id);
    await process.remove();
  }

  #process(id: string): FunctionProcess {
    const process = this.#of.get(id);
    if (!process) throw new LaunchError("It has no place in a process of functions.");
    return process;
  }

  #member(id: string): Member {
    const member = this.#process(id).members.get(id);
    if (!member) throw new LaunchError("It has no place in a process of functions.");
    return member;
  }
}

const placeIn = ({ members }: FunctionProcess): number | undefined => freePlace(new Set([...members.values()].map(({ place }) => place)));
