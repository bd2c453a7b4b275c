// A layer of a source that is made of one before and of what differs.
import { existsSync, linkSync, mkdirSync, symlinkSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { limit } from "@slipstream/contract/limits.ts";
import { isSameEntry, type SourceEntry } from "@slipstream/contract/source.ts";
import type { SealedBlob } from "#platform/oci/blob-file.ts";
import { readWhole } from "#platform/oci/damage.ts";
import { type Descriptor, layerFolder } from "#platform/oci/layout.ts";
import { packParts } from "#platform/oci/pack.ts";
import { type Part, placesOf } from "#platform/oci/splice.ts";
import { checkName, folderMode, type TreeEntry } from "#platform/oci/tree.ts";
import type { MadeLayer } from "./app-layer.ts";
import type { BuildContext } from "./context.ts";
import { isLeftOver } from "./install.ts";
import { secretCheck } from "./secret-check.ts";
import { inTreeOrder } from "./source-pieces.ts";
import { foldersOf, materialise } from "./sources/materialise.ts";

/** A file, link or folder of a layer, with its name there; a folder has no entry. */
interface Node {
  name: string;
  entry: SourceEntry | undefined;
}

/** All that a layer of these entries has, in the order of walkTree: a folder before what is in it, names by their bytes. Pure. */
export const nodesOf = (entries: readonly SourceEntry[]): Node[] => {
  const folders = ["app", ...foldersOf(entries).map((path) => `app/${path}`)];
  const nodes = [...folders.map((name): Node => ({ name, entry: undefined })), ...entries.map((entry): Node => ({ name: `app/${entry.path}`, entry }))];
  return inTreeOrder(nodes, ({ name }) => name);
};

/** Of two nodes of one name. */
const isSame = (a: Node, b: Node): boolean => (a.entry && b.entry ? isSameEntry(a.entry, b.entry) : a.entry === b.entry);

interface Difference {
  /** By name, the index of each node of before that is the same now. */
  kept: Map<string, number>;
  fresh: Node[];
}

/** Pure. */
const differenceOf = (before: readonly Node[], now: readonly Node[]): Difference => {
  const known = new Map(before.map((node, index) => [node.name, { index, node }]));
  const kept = new Map<string, number>();
  const fresh: Node[] = [];
  for (const node of now) {
    const same = known.get(node.name);
    if (same && isSame(same.node, node)) kept.set(node.name, same.index);
    else fresh.push(node);
  }
  return { kept, fresh };
};

/** A larger layer is packed anew: what is taken over is in memory meanwhile. */
export const beforeMaxBytes = 32 * 2 ** 20;
/** Of more new nodes than this part nothing is gained. */
const freshMaxShare = 0.5;

/** A piece of the app's last source, and what was made of it. */
export interface PieceBefore {
  entries: readonly SourceEntry[];
  layer: Descriptor;
}

export interface Piece {
  entries: readonly SourceEntry[];
  /** Free, for the layer in the making. */
  folder: string;
}

/** Makes the files of a layer. */
export const materialiseIn = async (context: BuildContext, entries: readonly SourceEntry[], folder: string): Promise<void> => {
  const app = join(folder, "app");
  await mkdir(app, { recursive: true, mode: 0o755 });
  await materialise(entries, { home: context.dependencies.home, tenant: context.spec.tags.tenant, folder: app, owner: undefined });
};

/** `folder` has the new files. */
const freshEntry = (folder: string, { name, entry }: Node): TreeEntry => {
  checkName(name);
  const path = join(folder, name);
  if (entry === undefined) return { type: "directory", name, path, mode: folderMode(name) };
  if (entry.type === "link") return { type: "link", name, target: entry.target };
  return { type: "file", name, path, size: entry.size, executable: entry.executable };
};

/** Links made in one go: about a millisecond. */
const linkedAtOnce = 100;

/** Adds what stayed to the new folder, as links to the files of the last one: nothing writes into the folder of a layer. Rejects where there can be none. */
const linkKept = async (from: string, to: string, { now, kept }: { now: readonly Node[]; kept: Difference["kept"] }): Promise<void> => {
  for (const [index, { name, entry }] of now.filter(({ name }) => kept.has(name)).entries()) {
    if (entry === undefined) mkdirSync(join(to, name), { recursive: true, mode: 0o755 });
    else if (entry.type === "link") symlinkSync(entry.target, join(to, name));
    else linkSync(join(from, name), join(to, name));
    if (index % linkedAtOnce === linkedAtOnce - 1) await nextTurn();
  }
};

/** What a layer is made of that takes over some of the one before. */
interface Splice {
  before: PieceBefore;
  now: readonly Node[];
  kept: Difference["kept"];
  /** Has the new files. */
  folder: string;
}

/** The blob of the layer, made of that of the last one; undefined where that is not what it was. */
const packByDifference = async (context: BuildContext, { before, now, kept, folder }: Splice): Promise<SealedBlob | undefined> => {
  const { dependencies, spec } = context;
  const tar = await readWhole(dependencies.home, before.layer.digest);
  const places = tar === undefined ? [] : placesOf(tar);
  if (tar === undefined || places.length !== nodesOf(before.entries).length) return undefined;
  const parts = now.map((node): Part => {
    const place = places[kept.get(node.name) ?? -1];
    return place === undefined ? { kind: "new", entry: freshEntry(folder, node) } : { kind: "kept", name: node.name, place };
  });
  return await packParts(dependencies.home, tar, parts, { contents: secretCheck(spec.secrets, spec.tags.app), maxBytes: limit("imageBytes") });
};

/** The layer of a piece, made of the last one in a folder that is not there yet; undefined where that is not possible, or not worth it. */
export const layerByDifference = async (context: BuildContext, before: PieceBefore, piece: Piece): Promise<MadeLayer | undefined> => {
  const { home } = context.dependencies;
  const from = layerFolder(home, before.layer.digest);
  if (before.layer.size > beforeMaxBytes || !existsSync(from)) return undefined;
  const now = nodesOf(piece.entries);
  const { kept, fresh } = differenceOf(nodesOf(before.entries), now);
  if (fresh.length > now.length * freshMaxShare || now.some(({ name }) => isLeftOver(name))) return undefined;
  const folder = `${piece.folder}.linked`;
  await materialiseIn(
    context,
    fresh.flatMap(({ entry }) => entry ?? []),
    folder,
  );
  const [packed, linked] = await Promise.allSettled([packByDifference(context, { before, now, kept, folder }), linkKept(from, folder, { now, kept })]);
  if (packed.status === "rejected") throw packed.reason;
  return packed.value && { sealed: packed.value, folder: linked.status === "fulfilled" ? folder : undefined };
};
