// Which contents of sources are on the disk, and how large they are. They are looked at once: what was seen is known for as long as
// nothing was added to their folder or taken from it, which the folder's own times say.
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

interface Folder {
  state: string;
  sizes: Map<string, number>;
}

/** Undefined where the folder is not there, or has changed just now. */
const settledState = (path: string): string | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || Date.now() - stats.mtimeMs < settledMs) return undefined;
  return `${stats.ino} ${stats.mtimeMs} ${stats.ctimeMs}`;
};

/** Contents that are in one folder have hashes that begin so. */
const groupOf = (sha256: string): string => sha256.slice(0, 2);

export class KnownContents {
  readonly #home: Home;
  readonly #folders = new Map<string, Folder>();
  #known = 0;

  constructor(home: Home) {
    this.#home = home;
  }

  /** The sizes in bytes of those contents that are here, by their hash. */
  async sizesOf(tenant: string, blobs: readonly string[]): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    let looked = 0;
    for (const group of Map.groupBy(blobs, groupOf).values()) {
      looked += this.#look(tenant, group, sizes);
      if (looked < batch) continue;
      looked = 0;
      await nextTurn();
    }
    return sizes;
  }

  /** Adds the sizes of contents that are in one folder; gives how many of them it had to look at. */
  #look(tenant: string, [first = "", ...others]: readonly string[], sizes: Map<string, number>): number {
    const path = dirname(this.#home.sourceBlob(tenant, first));
    // Before any file is looked at: what changes from here on changes the state.
    const state = settledState(path);
    const known = this.#knownOf(path, state);
    let looked = 0;
    for (const sha256 of [first, ...others]) {
      const seen = known.get(sha256);
      const size = seen ?? statSync(this.#home.sourceBlob(tenant, sha256), { throwIfNoEntry: false })?.size;
      if (seen === undefined) looked += 1;
      if (size === undefined) continue;
      if (seen === undefined) known.set(sha256, size);
      sizes.set(sha256, size);
    }
    this.#keep(path, state, known);
    return looked;
  }

  #knownOf(path: string, state: string | undefined): Map<string, number> {
    const folder = this.#folders.get(path);
    if (folder === undefined) return new Map();
    this.#known -= folder.sizes.size;
    this.#folders.delete(path);
    return folder.state === state ? folder.sizes : new Map();
  }

  #keep(path: string, state: string | undefined, sizes: Map<string, number>): void {
    if (state === undefined) return;
    if (this.#known + sizes.size > knownMax) {
      this.#folders.clear();
      this.#known = 0;
    }
    this.#folders.set(path, { state, sizes });
    this.#known += sizes.size;
  }
}
