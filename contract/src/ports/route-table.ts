// The route table: entries by key, changed in place. The same changes in any order of messages make the same table.
import { hash } from "node:crypto";
import { PackedApps } from "./packed/packed-apps.ts";
import { type Change, type PackedApp, type TableApp, type TableCertificate, type TableMessage, type TablePlatform, unpackedApp } from "./route-entry.ts";

export type Pair = Pick<TableCertificate, "certificate" | "key">;

const sumBits = 256;

/**
 * A number for one entry. A table's digest is the sum of those of its entries, in whatever order they come
 * (AdHash: Bellare and Micciancio, "A new paradigm for collision-free hashing", Eurocrypt 1997). It finds faults, and no forgers.
 */
const numberOf = (key: string, text: string): bigint => BigInt(`0x${hash("sha256", `${key} ${text}`, "hex")}`);

const keyOf = (change: Change): string => (change.kind === "platform" ? "platform" : `${change.kind} ${change.id}`);

/** The digest of a table, of the messages in which the whole of it comes. */
export class TableSum {
  #version = 0;
  #sum = 0n;

  add(message: TableMessage): void {
    if (message.kind === "begin") this.#version = message.version;
    if (message.kind !== "part") return;
    for (const change of message.changes) if (change.value !== null) this.#sum += numberOf(keyOf(change), JSON.stringify(change.value));
  }

  get digest(): string {
    return `${this.#version} ${BigInt.asUintN(sumBits, this.#sum).toString(16)}`;
  }
}

/** What changes have touched. */
export interface Touched {
  apps: ReadonlySet<string>;
  /** Of these apps, before and after. */
  hosts: ReadonlySet<string>;
  platform: boolean;
}

const partEntries = 1_000;

export class RouteTable {
  version = 0;
  platform: TablePlatform | undefined;
  readonly #apps = new PackedApps();
  readonly #certificates = new Map<string, TableCertificate>();
  /** By the name that a client asks for. */
  readonly #pairs = new Map<string, TableCertificate>();

  get entries(): number {
    return this.#apps.size + this.#certificates.size + (this.platform ? 1 : 0);
  }

  /** Names the table: the same for the same, wherever it is. Made of all entries when it is asked for, and at no change. */
  get digest(): string {
    const sum = new TableSum();
    for (const message of this.messages()) sum.add(message);
    return sum.digest;
  }

  app(id: string): TableApp | undefined {
    const packed = this.#apps.app(id);
    return packed && unpackedApp(packed);
  }

  appsOf(host: string): readonly string[] {
    return this.#apps.appsOf(host);
  }

  certificate(name: string): Pair | undefined {
    return this.#pairs.get(name);
  }

  /** Any certificate, the same until it goes. */
  get anyCertificate(): Pair | undefined {
    return this.#pairs.values().next().value;
  }

  apply(changes: readonly Change[]): Touched {
    const touched = { apps: new Set<string>(), hosts: new Set<string>(), platform: false };
    for (const change of changes) {
      if (change.kind === "platform") {
        touched.platform ||= this.#setPlatform(change.value);
        continue;
      }
      if (change.kind === "certificate") {
        this.#setCertificate(change.id, change.value);
        continue;
      }
      touched.apps.add(change.id);
      const before = this.#setApp(change.id, change.value);
      for (const [host] of [...(before?.[10] ?? []), ...(change.value?.[10] ?? [])]) touched.hosts.add(host);
    }
    return touched;
  }

  /** The digest, of a few entries at a time; undefined when the table changed meanwhile. */
  async digestAnew(pause: () => Promise<unknown>): Promise<string | undefined> {
    const { version } = this;
    const sum = new TableSum();
    for (const message of this.messages()) {
      sum.add(message);
      await pause();
      if (this.version !== version) return undefined;
    }
    return sum.digest;
  }

  /** Leaves no place to send a request to, and any other table takes its place: for addresses that may be anybody's. */
  forgetTargets(): void {
    for (const id of this.#apps.ids) {
      const packed = this.#apps.app(id);
      if (packed) this.#setApp(id, packed.with(7, []) as PackedApp);
    }
    this.version = 0;
  }

  /** The whole of it. */
  *messages(): Generator<TableMessage> {
    const whole = String(this.version);
    yield { kind: "begin", whole, version: this.version };
    let changes: Change[] = [];
    for (const change of this.#changes()) {
      if (changes.push(change) < partEntries) continue;
      yield { kind: "part", whole, changes };
      changes = [];
    }
    if (changes.length > 0) yield { kind: "part", whole, changes };
    yield { kind: "end", whole, entries: this.entries };
  }

  *#changes(): Generator<Change> {
    if (this.platform) yield { kind: "platform", value: this.platform };
    for (const [id, value] of this.#certificates) yield { kind: "certificate", id, value };
    for (const [id, value] of this.#apps.all()) yield { kind: "app", id, value };
  }

  /** Gives whether it differs. */
  #setPlatform(value: TablePlatform): boolean {
    if (this.platform && JSON.stringify(this.platform) === JSON.stringify(value)) return false;
    this.platform = value;
    return true;
  }

  #setCertificate(id: string, value: TableCertificate | null): void {
    const before = this.#certificates.get(id);
    for (const name of before?.names ?? []) this.#pairs.delete(name);
    if (value === null) this.#certificates.delete(id);
    else this.#certificates.set(id, value);
    for (const name of value?.names ?? []) if (value) this.#pairs.set(name, value);
  }

  /** Gives what it was. */
  #setApp(id: string, value: PackedApp | null): PackedApp | undefined {
    return value === null ? this.#apps.delete(id) : this.#apps.set(id, value);
  }
}
