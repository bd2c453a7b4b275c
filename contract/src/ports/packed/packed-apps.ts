// The apps of a route table as text, found by their ids and hosts. Most are never asked for, so none is an object before it is.
import { randomInt } from "node:crypto";
import type { PackedApp } from "../route-entry.ts";
import { NumberIndex } from "./number-index.ts";
import { Texts } from "./texts.ts";

/** Each text was made here, of an entry: to check it again would take longer than the rest of a look-up. */
const parsed = (text: string): PackedApp => JSON.parse(text) as PackedApp;

/** The id, a line's end, which JSON has none of, and the entry. */
const idIn = (text: string): string => text.slice(0, text.lastIndexOf("\n"));
const entryIn = (text: string): string => text.slice(text.lastIndexOf("\n") + 1);
const hostsOf = (app: PackedApp | undefined): Set<string> => new Set(app?.[10].map(([host]) => host));

export class PackedApps {
  readonly #texts = new Texts();
  readonly #ids = new NumberIndex();
  readonly #hosts = new NumberIndex();
  /** Nobody can choose names that lie in the way of one another. */
  readonly #seed = randomInt(2 ** 32 - 1);

  get size(): number {
    return this.#texts.size;
  }

  /** The entry of an app as text. */
  text(id: string): string | undefined {
    const number = this.#number(id);
    return number === undefined ? undefined : entryIn(this.#texts.at(number));
  }

  app(id: string): PackedApp | undefined {
    const text = this.text(id);
    return text === undefined ? undefined : parsed(text);
  }

  /** The apps of a host by their ids, in order: nearly always one. */
  appsOf(host: string): string[] {
    const found: string[] = [];
    for (const number of this.#hosts.numbers(this.#hash(host))) {
      const text = this.#texts.at(number);
      if (hostsOf(parsed(entryIn(text))).has(host)) found.push(idIn(text));
    }
    return found.sort((one, other) => (one < other ? -1 : 1));
  }

  *all(): Generator<[id: string, value: PackedApp]> {
    for (const text of this.#texts.all()) yield [idIn(text), parsed(entryIn(text))];
  }

  get ids(): string[] {
    return [...this.#texts.all()].map(idIn);
  }

  /** Gives what it was. */
  set(id: string, value: PackedApp): PackedApp | undefined {
    const number = this.#number(id);
    const before = number === undefined ? undefined : this.#at(number);
    const kept = `${id}\n${JSON.stringify(value)}`;
    if (number !== undefined) this.#texts.change(number, kept);
    const now = number ?? this.#texts.add(kept);
    if (number === undefined) this.#ids.add(this.#hash(id), now);
    const [hostsBefore, hosts] = [hostsOf(before), hostsOf(value)];
    for (const host of hostsBefore) if (!hosts.has(host)) this.#hosts.remove(this.#hash(host), now);
    for (const host of hosts) if (!hostsBefore.has(host)) this.#hosts.add(this.#hash(host), now);
    return before;
  }

  /** Gives what it was. */
  delete(id: string): PackedApp | undefined {
    const number = this.#number(id);
    if (number === undefined) return undefined;
    const before = this.#at(number);
    for (const host of hostsOf(before)) this.#hosts.remove(this.#hash(host), number);
    this.#ids.remove(this.#hash(id), number);
    this.#texts.remove(number);
    return before;
  }

  #at(number: number): PackedApp {
    return parsed(entryIn(this.#texts.at(number)));
  }

  #number(id: string): number | undefined {
    return this.#ids.numbers(this.#hash(id)).find((number) => idIn(this.#texts.at(number)) === id);
  }

  /** FNV-1a, with its bits mixed at the end (MurmurHash3), since places are found by the lowest. */
  #hash(text: string): number {
    let hash = this.#seed;
    for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
}
