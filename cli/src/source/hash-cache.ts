// Remembers the SHA-256 of files between deployments, so that a second one reads only what changed.
import { readCache, writeCache } from "./cache-file.ts";
import type { FoundFile } from "./walk.ts";

/** Of one file: what must be the same for its hash to be so, and the hash. */
type Entry = readonly [size: string, mtimeNs: string, ctimeNs: string, inode: string, sha256: string];

/**
 * A file that was changed this shortly before it was read may change again without a new time (coarse clocks of file
 * systems: 10 ms on Linux, 2 s on FAT), so its hash is not remembered. Git calls such files racy.
 */
const racyMs = 2_500;

export interface HashCache {
  find(file: FoundFile): string | undefined;
  /** `readAt`: when reading began. */
  remember(file: FoundFile, sha256: string, readAt: number): void;
  /** Writes what `remember` was told. Never fails: a cache that cannot be written is none. */
  save(): void;
}

const isEntry = (value: unknown): value is Entry => Array.isArray(value) && value.length === 5 && value.every((part) => typeof part === "string");

const load = (folder: string, root: string): Map<string, Entry> =>
  new Map(Object.entries(readCache(folder, "hashes", root) ?? {}).filter((pair): pair is [string, Entry] => isEntry(pair[1])));

const keyOf = ({ stats }: FoundFile) => [String(stats.size), String(stats.mtimeNs), String(stats.ctimeNs), String(stats.ino)] as const;

/** The cache for the files of `root` in `folder`. */
export const openHashCache = (folder: string, root: string): HashCache => {
  const old = load(folder, root);
  const next = new Map<string, Entry>();
  return {
    find(file) {
      const entry = old.get(file.path);
      if (!entry || !keyOf(file).every((part, index) => part === entry[index])) return undefined;
      next.set(file.path, entry);
      return entry[4];
    },
    remember(file, sha256, readAt) {
      const changedAt = Math.max(Number(file.stats.mtimeMs), Number(file.stats.ctimeMs));
      if (changedAt < readAt - racyMs) next.set(file.path, [...keyOf(file), sha256]);
    },
    save: () => writeCache(folder, "hashes", root, Object.fromEntries(next)),
  };
};
