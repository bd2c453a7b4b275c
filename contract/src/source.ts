// A source tree as data: the manifest names every file by content, and its own digest names the source.
import { createHash } from "node:crypto";
import { z } from "zod";
import { inByteOrder } from "./byte-order.ts";
import { SlipError } from "./errors.ts";
import { SourcePath } from "./source-path.ts";
import { Digest } from "./words.ts";

/**
 * Whether a link's target stays inside the tree. It may go up only at its beginning: then no other link on the way can make it reach
 * further than its text says.
 */
const linkStaysInside = (path: string, target: string): boolean => {
  const ups = /^(\.\.\/|\.\/)*/.exec(`${target}/`)?.[0] ?? "";
  const depth = path.split("/").length - 1;
  const rest = `${target}/`.slice(ups.length);
  return !target.startsWith("/") && !target.includes("\0") && ups.split("../").length - 1 <= depth && !rest.split("/").includes("..");
};

/** `link` holds the target as written; it must stay inside the tree when it is resolved. */
export const SourceEntry = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("file"),
    path: SourcePath,
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    size: z.number().int().nonnegative(),
    executable: z.boolean(),
  }),
  z.object({
    type: z.literal("link"),
    path: SourcePath,
    target: z
      .string()
      .min(1)
      .max(1_024)
      .refine((target) => target.isWellFormed(), "UTF-8"),
  }),
]);
export type SourceEntry = z.infer<typeof SourceEntry>;

export const SourceManifest = z.object({ entries: z.array(SourceEntry).max(100_000) });
export type SourceManifest = z.infer<typeof SourceManifest>;

/** Files that say how a source is deployed. */
const configFiles: readonly string[] = ["slip.toml", "wrangler.toml", "wrangler.json", "wrangler.jsonc", "Procfile"];
/** Files of programs, which may have their port written down. */
const programFile = /^package\.json$|\.py$/;
/** Whether there is anything to read of how the source is deployed; of a package of it, there always is. */
export const saysConfig = ({ entries }: SourceManifest, folder?: string): boolean =>
  folder !== undefined || entries.some(({ path }) => configFiles.includes(path) || programFile.test(path));

/**
 * A manifest by what differs from one that was named before: entries that are not in it, or are others there, and paths that are gone.
 * Without a base it is the manifest itself.
 */
export const SourceChange = SourceManifest.extend({ base: Digest.optional(), removed: z.array(SourcePath).max(100_000).optional() });
export type SourceChange = z.infer<typeof SourceChange>;

/** The folders that a path is in. */
function* parentsOf(path: string): Generator<string> {
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) yield path.slice(0, at);
}

const unsafe = (path: string, why: string): SlipError => new SlipError("source_unsafe", `${JSON.stringify(path)} ${why}.`, { file: path });

/** Throws `source_unsafe` for entries that would be written elsewhere: a link that leaves the tree, a path twice, or one below what is no folder. */
export const expectTree = (entries: readonly SourceEntry[]): void => {
  const paths = new Set<string>();
  for (const entry of entries) {
    if (paths.has(entry.path)) throw unsafe(entry.path, "is in the source twice");
    if (entry.type === "link" && !linkStaysInside(entry.path, entry.target))
      throw unsafe(entry.path, `is a link to ${JSON.stringify(entry.target)}, which is outside of the source`);
    paths.add(entry.path);
  }
  for (const { path } of entries)
    for (const parent of parentsOf(path)) if (paths.has(parent)) throw unsafe(path, `is below ${JSON.stringify(parent)}, which is not a folder`);
};

interface Change {
  entries: SourceEntry[];
  removed: string[];
}

/** What JSON.stringify makes of ["file", path, sha256, size, executable] or ["link", path, target], in a third of the time. */
const lineOf = (entry: SourceEntry): string => {
  const path = JSON.stringify(entry.path);
  return entry.type === "file"
    ? `["file",${path},"${entry.sha256}",${entry.size},${entry.executable}]\n`
    : `["link",${path},${JSON.stringify(entry.target)}]\n`;
};

/** Whether two entries of one path are the same. */
export const isSameEntry = (a: SourceEntry, b: SourceEntry): boolean => {
  if (a.type === "link" || b.type === "link") return a.type === "link" && b.type === "link" && a.target === b.target;
  return a.sha256 === b.sha256 && a.size === b.size && a.executable === b.executable;
};

/** What makes `after` of `before`. */
export const changeOf = (before: SourceManifest, after: SourceManifest): Change => {
  // Most are where they were: only of the others a table is made.
  const isMoved = (index: number): boolean => before.entries[index]?.path !== after.entries[index]?.path;
  const known = new Map(before.entries.filter((_, index) => isMoved(index)).map((entry) => [entry.path, entry]));
  const paths = new Set(after.entries.filter((_, index) => isMoved(index)).map(({ path }) => path));
  const isNew = (entry: SourceEntry, index: number): boolean => {
    const same = isMoved(index) ? known.get(entry.path) : before.entries[index];
    return same === undefined || !isSameEntry(same, entry);
  };
  return {
    entries: after.entries.filter(isNew),
    removed: [...known.keys()].filter((path) => !paths.has(path)),
  };
};

/** The reverse of `changeOf`. */
export const changed = (before: SourceManifest, { entries, removed }: Change): SourceManifest => {
  const gone = new Set([...removed, ...entries.map(({ path }) => path)]);
  return { entries: [...before.entries.filter(({ path }) => !gone.has(path)), ...entries] };
};

/**
 * The reverse of `changeOf`, for a change of a tree that may be no tree any more: throws as expectTree does. Where it names only paths that
 * were there, nothing can be below what is no folder, and only its own entries are looked at.
 */
export const changedTree = (before: SourceManifest, change: Change): SourceManifest => {
  const after = changed(before, change);
  const gone = before.entries.length + change.entries.length - after.entries.length;
  const isOfSamePaths = gone === change.entries.length + change.removed.length;
  expectTree(isOfSamePaths ? change.entries : after.entries);
  return after;
};

/** Lines that are digested in one go: many, as each takes longer to give than to digest. */
const digestedAtOnce = 500;

/** The digest of a manifest: of its entries in the order of their paths' bytes, one canonical JSON line each. */
export const sourceDigest = (manifest: SourceManifest): Digest => {
  const hash = createHash("sha256");
  const ordered = inByteOrder(manifest.entries, ({ path }) => path);
  for (let at = 0; at < ordered.length; at += digestedAtOnce) {
    let lines = "";
    for (const entry of ordered.slice(at, at + digestedAtOnce)) lines += lineOf(entry);
    hash.update(lines);
  }
  return Digest.parse(`sha256:${hash.digest("hex")}`);
};
