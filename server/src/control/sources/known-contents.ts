// Which contents of sources are on the disk, and how large they are. Those of large sources are looked at once: what was seen is known
// for as long as nothing was added to their folder or taken from it, which the folder's own times say.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Home } from "#platform/home.ts";

/** Files looked for in one go: some milliseconds in which nothing else is answered. */
const batch = 1_000;
/** Known at most; what is forgotten is looked at once more. */
const knownMax = 200_000;
/** The clock of a file system goes in steps of some milliseconds: a folder that changed so lately may change again and have the same time. */
const settledMs = 100;

/** Fewer contents are looked at each time, which takes two milliseconds: a file that was cut off where it is changes nothing in its folder. */
const manyContents = 1_000;

/** Undefined where the folder is not there, or has changed just now. */
const settledState = (path: string): string | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || Date.now() - stats.mtimeMs < settledMs) return undefined;
  return `${stats.ino} ${stats.mtimeMs} ${stats.ctimeMs}`;
};

/** The sizes in bytes of contents that are in one folder, as it was. */
interface Folder {
  state: string | undefined;
  sizes: Map<string, number>;
}

/** Those of one tenant are in folders by how their hashes begin. */
const folderNameOf = (sha256: string): string => sha256.slice(0, 2);

export class KnownContents {
  readonly #home: Home;
  readonly #many: number;
  readonly #byTenant = new Map<string, Map<string, Folder>>();

  constructor(home: Home, many = manyContents) {
    this.#home = home;
    this.#many = many;
  }

  /** Gives the size in bytes of each of these contents that is here, by its hash. */
  async look(tenant: string, blobs: readonly string[]): Promise<(sha256: string) => number | undefined> {
    const areMany = blobs.length >= this.#many;
    const folders = new Map<string, Folder>();
    let looked = 0;
    for (const sha256 of blobs) {
      const name = folderNameOf(sha256);
      const folder = folders.get(name) ?? (areMany ? this.#folderOf(tenant, name, sha256) : { state: undefined, sizes: new Map<string, number>() });
      folders.set(name, folder);
      if (folder.sizes.has(sha256)) continue;
      const size = statSync(this.#home.sourceBlob(tenant, sha256), { throwIfNoEntry: false })?.size;
      if (size !== undefined) folder.sizes.set(sha256, size);
      looked += 1;
      if (looked % batch === 0) await nextTurn();
    }
    if (areMany) this.#keep(tenant, folders);
    return (sha256) => folders.get(folderNameOf(sha256))?.sizes.get(sha256);
  }

  /** What is known of a folder; nothing where it has changed. Its state is from before any of its files is looked at. */
  #folderOf(tenant: string, name: string, sha256: string): Folder {
    const state = settledState(dirname(this.#home.sourceBlob(tenant, sha256)));
    const known = this.#byTenant.get(tenant)?.get(name);
    return known !== undefined && known.state === state ? known : { state, sizes: new Map() };
  }

  #keep(tenant: string, folders: ReadonlyMap<string, Folder>): void {
    const all = this.#byTenant.get(tenant) ?? new Map<string, Folder>();
    for (const [name, folder] of folders) {
      if (folder.state === undefined) all.delete(name);
      else all.set(name, folder);
    }
    this.#byTenant.set(tenant, all);
    if (this.#count > knownMax) this.#byTenant.clear();
  }

  get #count(): number {
    let count = 0;
    for (const folders of this.#byTenant.values()) for (const { sizes } of folders.values()) count += sizes.size;
    return count;
  }
}
