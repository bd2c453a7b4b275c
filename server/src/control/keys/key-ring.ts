// The sealing keys of this process: one that seals, and those that still open.
import type { Sealed, Sealing } from "../secrets/sealing.ts";
import { keyIdOf, openWith, sealWith } from "../secrets/sealing.ts";
import { readSealingKeys, removeSealingKey, replaceSealingKey } from "./key-files.ts";

export class KeyRing implements Sealing {
  readonly #folder: string;
  #keys: ReadonlyMap<string, Buffer>;
  #current: string;
  readonly #dropped = new Set<string>();

  /** Reads the keys in a folder. Throws `key_missing`. */
  constructor(folder: string) {
    const { current, byId } = readSealingKeys(folder);
    this.#folder = folder;
    this.#keys = byId;
    this.#current = keyIdOf(current);
  }

  /** Name of the key that seals. */
  get current(): string {
    return this.#current;
  }
  /** Names of the keys that only open. */
  get others(): string[] {
    return [...this.#keys.keys()].filter((id) => id !== this.#current && !this.#dropped.has(id));
  }

  seal(value: string, place: readonly string[]): Sealed {
    return { keyId: this.#current, sealed: sealWith(this.#key(this.#current), value, place) };
  }

  open({ keyId, sealed }: Sealed, place: readonly string[]): string {
    return openWith(this.#key(keyId), sealed, place);
  }

  /** Puts a new key on disk, once however often it is asked; gives its name. It seals only after `take`. */
  prepare(): string {
    if (this.#onDisk() === this.#current) replaceSealingKey(this.#folder);
    return this.#onDisk();
  }

  /** Seals with the key on disk from now on. */
  take(): void {
    const { current, byId } = readSealingKeys(this.#folder);
    this.#keys = new Map([...this.#keys, ...byId]);
    this.#current = keyIdOf(current);
  }

  /** Removes a key that nothing is sealed with any more. What was read a moment ago still opens, as long as this process lives. */
  drop(id: string): void {
    if (id === this.#current) throw new Error("The key in use cannot be removed.");
    removeSealingKey(this.#folder, id);
    this.#dropped.add(id);
  }

  #onDisk(): string {
    return keyIdOf(readSealingKeys(this.#folder).current);
  }

  #key(id: string): Buffer {
    const key = this.#keys.get(id);
    if (!key) throw new Error(`The sealing key ${id} is not there.`);
    return key;
  }
}
