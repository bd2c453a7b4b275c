// One process of workerd, in a sandbox and a network of its own, that holds functions of one project, each in an isolate.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limit } from "@slipstream/contract/limits.ts";
import type { Log } from "#platform/log.ts";
import { plainJavaScript } from "#platform/plain-javascript.ts";
import { hostnameOf, limitsOf } from "../instances/environment.ts";
import type { Exit } from "../instances/failure.ts";
import { PortClients } from "../instances/listening.ts";
import { Pulse } from "../instances/pulse.ts";
import { type Slot, uidOf } from "../network/addresses.ts";
import type { NetworkPool } from "../network/pool.ts";
import type { Exits } from "../output/exits.ts";
import type { OutputLine } from "../output/output-line.ts";
import { type Launch, LaunchError, type OciSandbox } from "../sandboxes/oci-sandbox.ts";
import type { Tail } from "../sandboxes/program-sandbox.ts";
import { Busyness } from "./busyness.ts";
import { filesAt, processConfig, processMemory, secretVariable } from "./config.ts";
import { isAnswering, type Line } from "./line.ts";
import { endedMark, isFatal, isOfAnEnd, Marks } from "./marks.ts";
import { give, type Member, say } from "./member.ts";
import type { ProcessRecord } from "./record.ts";

export interface ProcessGround {
  pool: NetworkPool;
  exits: Exits;
  log: Log;
  /** After its last function was put to rest, a process ends. */
  idleMs: number;
}

/** As of a program that ends by itself. */
const endedItself: Exit = { exitCode: 0, outOfMemory: false };
const answersMs = 30_000;
/** conmon writes down an end so soon. */
const endMs = 1_000;
const lookAgainMs = 5;
const keptLines = 5;
const variables = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/tmp" };

export class FunctionProcess {
  readonly record: ProcessRecord;
  readonly slot: Slot;
  readonly sandbox: OciSandbox;
  readonly clients: PortClients = new PortClients();
  readonly #ground: ProcessGround;
  readonly #onEnd: (member: Member, exit: Exit) => void;
  readonly #members = new Map<string, Member>();
  readonly #byMark = new Map<string, Member>();
  readonly #marks = new Marks();
  #last: Promise<void> = Promise.resolve();
  #up: Promise<void> | undefined;
  #isUp: boolean = false;
  #hasRun: boolean = false;
  #hasHung: boolean = false;
  #exit: Exit = { exitCode: 0, outOfMemory: false };
  #tail: Tail | undefined;
  /** The last lines of workerd's own. */
  #said: readonly string[] = [];
  #idle: NodeJS.Timeout | undefined;
  readonly #pulse: Pulse;
  readonly #busyness: Busyness;

  /** `onEnd` is called for each function that was loaded when the process has ended by itself. */
  constructor(ground: ProcessGround, record: ProcessRecord, of: { sandbox: OciSandbox; onEnd: (member: Member, exit: Exit) => void }) {
    this.#ground = ground;
    this.record = record;
    this.slot = ground.pool.slot(record.slot);
    this.sandbox = of.sandbox;
    this.#onEnd = of.onEnd;
    this.#pulse = new Pulse(
      () => {
        this.sandbox.endStill(record.id);
        return !this.#isUp || this.sandbox.isAlive(record.id);
      },
      () => this.#ended(),
    );
    this.#busyness = new Busyness({ cpuMs: () => this.sandbox.cgroup(record.id).cpuTime()?.ms ?? 0, line: this.line, onStuck: () => this.#endStuck() });
  }

  get line(): Line {
    return { address: this.slot.address, secret: this.record.secret };
  }
  get isUp(): boolean {
    return this.#isUp;
  }
  get members(): ReadonlyMap<string, Member> {
    return this.#members;
  }
  get loaded(): Member[] {
    return [...this.#members.values()].filter(({ isLoaded }) => isLoaded);
  }
  /** Whether its router may hold so much more of functions that rest. */
  hasRoomFor(bytes: number): boolean {
    return bytes + [...this.#members.values()].reduce((sum, { keptBytes }) => sum + keptBytes, 0) <= limit("functionsKeptBytes");
  }
  /** Whether it was ended last as a function has held it. */
  get hasHung(): boolean {
    return this.#hasHung;
  }
  /** Whether it has ended: of one that does not answer that is known a moment later. */
  async hasEnded(): Promise<boolean> {
    for (const end = performance.now() + endMs; this.#isUp && performance.now() < end; ) await sleep(lookAgainMs);
    return !this.#isUp;
  }

  add(member: Member): void {
    this.#members.set(member.id, member);
    this.#byMark.set(member.mark, member);
  }
  drop({ id, mark }: Member): void {
    this.#members.delete(id);
    this.#byMark.delete(mark);
  }

  /** Resolves when it can be asked to load something. Rejects with LaunchError. */
  up(): Promise<void> {
    clearTimeout(this.#idle);
    this.#up ??= this.#inTurn(() => this.#start()).catch((error: unknown) => {
      this.#up = undefined;
      throw error;
    });
    return this.#up;
  }

  /** It is started and ended by one thing at a time. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(act, act);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #start(): Promise<void> {
    const { id } = this.record;
    const [isFirst, path] = [!this.#hasRun, this.slot.path];
    this.#hasRun = true;
    this.#hasHung = false;
    // Where an earlier version of the platform has made the sandbox, it gets what this one takes.
    if (!isFirst) this.#files();
    await (isFirst ? this.sandbox.start(this.#launch()) : this.sandbox.restart(id, path));
    this.#follow();
    await this.#untilAnswering();
  }

  /** Takes over a process that an earlier host process started. */
  adopt(): void {
    this.sandbox.count(this.record.id, this.record.account);
    this.#hasRun = true;
    this.#follow();
    this.#up = Promise.resolve();
    if (!this.sandbox.isAlive(this.record.id)) this.#ended();
  }

  #follow(): void {
    const { id } = this.record;
    this.#isUp = true;
    this.#tail ??= this.sandbox.follow(id, (line) => this.#take(line));
    this.#ground.pool.tellDenied(this.slot, (line) => {
      for (const member of this.loaded) say(member, line);
    });
    this.#ground.exits.onExit(id, () => this.#ended());
    this.#pulse.begin();
    this.#busyness.begin();
  }

  async #untilAnswering(): Promise<void> {
    for (const end = performance.now() + answersMs; !(await isAnswering(this.line, answersMs)); await sleep(lookAgainMs)) {
      if (!this.#isUp) throw new LaunchError([`workerd ended with ${this.#exit.exitCode}.`, ...this.#said].join("\n"));
      if (performance.now() < end) continue;
      await this.#stop();
      throw new LaunchError("workerd does not answer.");
    }
  }

  #launch(): Launch {
    const { id, layers, memoryBytes, cpus, secret, account } = this.record;
    const spec = {
      id,
      layers,
      writable: undefined,
      mounts: [this.#files()],
      args: ["workerd", "serve", "--experimental", `${filesAt}/config.capnp`],
      env: { ...variables, [secretVariable]: secret },
      cwd: "/",
      network: this.slot.path,
      hostname: hostnameOf(id),
      limits: limitsOf({ memoryBytes: processMemory(memoryBytes), cpus }),
    };
    return { spec, address: this.slot.address, uid: uidOf(this.slot), overlay: undefined, account };
  }

  #files(): { source: string; destination: string; readOnly: boolean } {
    const source = join(this.sandbox.bundle(this.record.id), "functions");
    mkdirSync(source, { recursive: true, mode: 0o755 });
    writeFileSync(join(source, "router.mjs"), plainJavaScript(join(import.meta.dirname, "router.ts")), { mode: 0o644 });
    writeFileSync(join(source, "config.capnp"), processConfig({ memoryBytes: this.record.memoryBytes, address: this.slot.address }), { mode: 0o644 });
    return { source, destination: filesAt, readOnly: true };
  }

  #take(line: OutputLine): void {
    const gone = this.#byMark.get(endedMark(line.text) ?? "");
    if (gone) {
      if (gone.isLoaded) this.#onEnd(gone, endedItself);
      return;
    }
    const marked = this.#marks.take(line, (mark) => this.#byMark.has(mark));
    const member = marked && this.#byMark.get(marked.mark);
    if (member) give(member, marked.line);
    if (marked) return;
    this.#said = [...this.#said, line.text].slice(-keptLines);
    for (const each of this.#concerned(line)) each.take?.(line);
  }

  /** Whom workerd's own words are for: it may quote a function, and says of no line which one. */
  #concerned({ text }: OutputLine): Member[] {
    if (isOfAnEnd(text)) return [];
    return isFatal(text) || this.#members.size === 1 ? this.loaded : [];
  }

  #ended(): void {
    if (!this.#isUp) return;
    const { id } = this.record;
    this.#exit = { exitCode: this.sandbox.exitCode(id) ?? 137, outOfMemory: this.sandbox.cgroup(id).oomKills() > 0 };
    this.#down();
    for (const member of this.loaded) this.#onEnd(member, this.#exit);
  }

  #down(): void {
    this.#isUp = false;
    this.#up = undefined;
    for (const member of this.#members.values()) member.keptBytes = 0;
    this.#ground.exits.forget(this.record.id);
    this.#pulse.end();
    this.#busyness.end();
    this.#tail?.end();
  }

  #endStuck(): void {
    this.#hasHung = true;
    for (const member of this.loaded)
      say(member, `A function has held the process of its project's functions for ${limit("functionBusyMs") / 1_000} s without a pause: the process is ended.`);
    this.kill();
  }

  /** Ends it as it is: all its functions end by that. */
  kill(): void {
    this.sandbox.kill(this.record.id);
  }

  /** Ends it once nothing has been loaded for a while. */
  restSoon(): void {
    clearTimeout(this.#idle);
    if (this.loaded.length > 0) return;
    this.#idle = setTimeout(() => {
      if (this.loaded.length === 0) this.rest().catch((error: unknown) => this.#ground.log.error("a process without functions could not be ended", error));
    }, this.#ground.idleMs).unref();
  }

  /** Ends it; its place stays its own. */
  rest(): Promise<void> {
    // Who asks for it from here on waits for its next start.
    this.#down();
    return this.#inTurn(() => this.#stop());
  }

  async #stop(): Promise<void> {
    this.#down();
    await this.sandbox.stop(this.record.id, this.slot.path);
  }

  /** Ends it; nothing of it is left. */
  remove(): Promise<void> {
    clearTimeout(this.#idle);
    this.#down();
    return this.#inTurn(async () => {
      this.#down();
      this.#tail?.close(false);
      await this.sandbox.remove(this.record.id, this.slot.path);
      await this.#ground.pool.release(this.slot);
    });
  }

  /** Lets go of it without touching it. */
  abandon(): void {
    clearTimeout(this.#idle);
    this.#ground.exits.forget(this.record.id);
    this.#pulse.end();
    this.#busyness.end();
    this.#tail?.close(true);
  }
}
