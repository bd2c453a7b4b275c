// Sandboxes in which a runtime is up already and waits for an app: an instance that is started in one begins with its first line of code.
// A spare becomes one instance and is never anything else. Which ones wait follows from what was started last.
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { freemem } from "node:os";
import { limit } from "@slipstream/contract/limits.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { newId } from "#platform/ids.ts";
import type { Log } from "#platform/log.ts";
import { hostnameOf, limitsOf } from "../instances/environment.ts";
import { type Slot, uidOf } from "../network/addresses.ts";
import type { NetworkPool } from "../network/pool.ts";
import type { Launch, OciSandbox } from "../sandboxes/oci-sandbox.ts";
import { connectToSpare, makePretence, makeProgram, tell, waitingArgs, waitingEnv } from "./line.ts";
import { keyOf, type Recipe, sparesIn, wantedSpares } from "./recipe.ts";
import { runtimeOf } from "./runtimes.ts";

export interface SparesGround {
  pool: NetworkPool;
  log: Log;
  /** How many wait at most. */
  most: number;
  sandbox: (kind: SandboxKind) => OciSandbox;
}

interface Spare {
  /** Of the instance that it becomes. */
  id: string;
  slot: Slot;
  recipe: Recipe;
}

/** One that waits, and the connection by which it is told what it is. */
export interface Waiting extends Spare {
  line: Socket;
}

/** Until then what has just been started has the machine for itself. */
const quietMs = 300;

export class Spares {
  readonly #ground: SparesGround;
  /** In the making, or waiting. */
  readonly #all = new Map<string, Spare>();
  readonly #ready: Waiting[] = [];
  readonly #closed = new Set<SandboxKind>();
  #asked: Recipe[] = [];
  #filling: Promise<void> | undefined;
  #soon: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;
  #isClosed: boolean = false;

  constructor(ground: SparesGround) {
    this.#ground = ground;
  }

  /** A spare that fits, which is the caller's from here on; undefined where none waits. */
  take(recipe: Recipe): Waiting | undefined {
    const key = keyOf(recipe);
    const at = this.#ready.findIndex((spare) => keyOf(spare.recipe) === key);
    const [spare] = at < 0 ? [] : this.#ready.splice(at, 1);
    if (spare) this.#all.delete(spare.id);
    this.#asked = [...this.#asked, recipe].slice(-Math.max(1, this.#ground.most));
    this.#fillSoon();
    return spare;
  }

  /** Starts an instance in the spare that was taken for it, or in a sandbox of its own where that does not wait any more. */
  async start(spare: Waiting, launch: Launch, app: readonly string[]): Promise<void> {
    await this.#orAnew(spare, launch, async () => {
      await this.furnish(spare, launch, app);
      this.#become(spare, launch);
      await this.#tell(spare, launch);
    });
  }

  /** Puts an app into the spare that was taken for it. */
  furnish({ recipe }: Waiting, launch: Launch, app: readonly string[]): Promise<void> {
    return this.#ground.sandbox(recipe.kind).furnish(launch, app);
  }

  /**
   * As `start`, of one that has its app, and that nobody knows of yet: what its next start is to be is written down while this one is under way.
   * It was told what it is when this gives its promise.
   */
  begin(spare: Waiting, launch: Launch): Promise<void> {
    return this.#orAnew(spare, launch, async () => {
      const told = this.#tell(spare, launch);
      await Promise.all([told, Promise.try(() => this.#become(spare, launch))]);
    });
  }

  #become({ recipe }: Waiting, launch: Launch): void {
    this.#ground.sandbox(recipe.kind).become(launch);
  }

  #tell({ line, recipe }: Waiting, { spec: { args, env, cwd } }: Launch): Promise<void> {
    return tell(line, runtimeOf(recipe.runtime).told({ args, env, cwd }));
  }

  async #orAnew({ recipe }: Waiting, launch: Launch, act: () => Promise<void>): Promise<void> {
    const { id, network } = launch.spec;
    try {
      await act();
    } catch (error) {
      this.#ground.log.warn("a sandbox that was made in advance was of no use", { instance: id, error: String(error) });
      const sandbox = this.#ground.sandbox(recipe.kind);
      await sandbox.remove(id, network);
      await sandbox.start(launch);
    }
  }

  /** Ends one that was taken and is of no use. */
  async discard({ id, slot, recipe }: Waiting): Promise<void> {
    await this.#ground.sandbox(recipe.kind).remove(id, slot.path);
    await this.#ground.pool.release(slot);
  }

  /** Ids of those that can be taken. */
  get waiting(): string[] {
    return this.#ready.map(({ id }) => id);
  }
  /** Kinds of which none is made: what is mounted later does not come into their sandboxes. */
  get closed(): ReadonlySet<SandboxKind> {
    return this.#closed;
  }
  /** For the audit. */
  get held(): { sandbox: string; network: string; runs: boolean }[] {
    return [...this.#all.values()].map(({ id, slot }) => ({ sandbox: id, network: slot.name, runs: false }));
  }
  get layers(): string[] {
    return [...this.#all.values()].flatMap(({ recipe }) => [...recipe.layers]);
  }

  /** Ends all that wait; until something is started none is made. */
  async clear(): Promise<void> {
    clearTimeout(this.#soon);
    clearTimeout(this.#later);
    this.#soon = undefined;
    this.#asked = [];
    await this.#filling;
    await Promise.all([...this.#ready].map((spare) => this.#end(spare)));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.clear();
  }

  #fillSoon(): void {
    clearTimeout(this.#later);
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#fill();
    }, quietMs).unref();
  }

  #fill(): void {
    if (this.#isClosed) return;
    if (this.#filling !== undefined) {
      this.#fillSoon();
      return;
    }
    this.#filling = this.#match()
      .catch((error: unknown) => this.#ground.log.error("no sandbox could be made in advance", error))
      .finally(() => {
        this.#filling = undefined;
        this.#later = setTimeout(() => this.#expire(), limit("sparesMs")).unref();
      });
  }

  #expire(): void {
    this.clear().catch((error: unknown) => this.#ground.log.error("a sandbox that nobody has taken could not be removed", error));
  }

  /** Brings what waits to what should wait. */
  async #match(): Promise<void> {
    const most = sparesIn(freemem(), { spares: this.#ground.most, percent: limit("sparesMemoryPercent"), each: limit("spareBytes") });
    const missing = wantedSpares(this.#asked, most).filter(({ kind }) => !this.#closed.has(kind));
    for (const spare of [...this.#ready]) {
      // It may have been taken meanwhile.
      if (!this.#ready.includes(spare)) continue;
      const at = missing.findIndex((recipe) => keyOf(recipe) === keyOf(spare.recipe));
      if (at >= 0) missing.splice(at, 1);
      else await this.#end(spare);
    }
    for (const recipe of missing) if (!this.#isClosed) await this.#make(recipe);
  }

  async #make(recipe: Recipe): Promise<void> {
    const slot = await this.#ground.pool.acquire();
    const spare: Spare = { id: newId("ins"), slot, recipe };
    this.#all.set(spare.id, spare);
    try {
      this.#ready.push({ ...spare, line: await this.#start(spare) });
    } catch (error) {
      await this.#end(spare);
      throw error;
    }
  }

  async #start({ id, slot, recipe }: Spare): Promise<Socket> {
    const { kind, layers, env, command } = recipe;
    const sandbox = this.#ground.sandbox(kind);
    const runtime = runtimeOf(recipe.runtime);
    const bundle = sandbox.bundle(id);
    const secret = randomBytes(16).toString("hex");
    const spec = {
      id,
      layers: [...layers, ...makePretence(bundle, command, runtime)],
      writable: undefined,
      appComesLater: true as const,
      mounts: [makeProgram(bundle, runtime)],
      args: waitingArgs(command, runtime),
      env: { ...env, ...waitingEnv(secret) },
      cwd: "/",
      network: slot.path,
      hostname: hostnameOf(id),
      limits: limitsOf(recipe),
    };
    await sandbox.start({ spec, address: slot.address, uid: uidOf(slot), overlay: undefined });
    const line = await connectToSpare(slot.address, secret);
    if (sandbox.seesApp(id)) return line;
    this.#closed.add(kind);
    line.destroy();
    throw new Error(`What is mounted later does not come into sandboxes of this ${kind}: every start makes its own.`);
  }

  async #end(spare: Spare): Promise<void> {
    const at = this.#ready.findIndex(({ id }) => id === spare.id);
    if (at >= 0) this.#ready.splice(at, 1)[0]?.line.destroy();
    await this.#ground.sandbox(spare.recipe.kind).remove(spare.id, spare.slot.path);
    await this.#ground.pool.release(spare.slot);
    this.#all.delete(spare.id);
  }
}
