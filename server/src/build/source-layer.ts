// The app layer of a source that no build step changes: its files, below /app. Where most of it is what the app's last one was, it is
// made of that and of what differs.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inByteOrder } from "@slipstream/contract/byte-order.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { isSameEntry, type SourceEntry } from "@slipstream/contract/source.ts";
import { z } from "zod";
import { exec } from "#platform/exec.ts";
import { removeTree, writeDurably } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { discardBlobs } from "#platform/oci/blob-file.ts";
import { readWhole } from "#platform/oci/damage.ts";
import { type Descriptor, layerFolder } from "#platform/oci/layout.ts";
import { packParts } from "#platform/oci/pack.ts";
import { type Part, placesOf } from "#platform/oci/splice.ts";
import { checkName, folderMode, type TreeEntry } from "#platform/oci/tree.ts";
import { type AppLayer, insideTree, missingOutput, packApp } from "./app-layer.ts";
import type { BuildContext } from "./context.ts";
import { isLeftOver } from "./install.ts";
import { secretCheck } from "./secret-check.ts";
import { readManifest } from "./sources/manifest.ts";
import { foldersOf, materialise } from "./sources/materialise.ts";
import { LayerRecord } from "./toolchains/provided-layer.ts";

/** The part of the tree that is the app when no build step runs, with its paths as they will be below /app. */
const chosenEntries = (entries: readonly SourceEntry[], output: readonly string[] | undefined): SourceEntry[] => {
  if (output === undefined) return [...entries];
  for (const folder of output.map(insideTree)) {
    const prefix = folder === "" ? "" : `${folder}/`;
    const chosen = entries.filter(({ path }) => path.startsWith(prefix)).map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }));
    if (chosen.length > 0) return chosen;
  }
  const pages = entries.filter(({ path }) => path.endsWith("/index.html")).map(({ path }) => dirname(path));
  throw missingOutput(output, pages);
};

/** A file, link or folder of a layer, with its name there; a folder has no entry. */
interface Node {
  name: string;
  entry: SourceEntry | undefined;
}

/** All that a layer of these entries has, in the order of walkTree: a folder before what is in it, names by their bytes. Pure. */
export const nodesOf = (entries: readonly SourceEntry[]): Node[] => {
  const folders = ["app", ...foldersOf(entries).map((path) => `app/${path}`)];
  const nodes = [...folders.map((name): Node => ({ name, entry: undefined })), ...entries.map((entry): Node => ({ name: `app/${entry.path}`, entry }))];
  // No name has the byte 0, so that a folder's own names come before those that begin with its name.
  return inByteOrder(nodes, ({ name }) => name.replaceAll("/", "\0"));
};

/** Of two nodes of one name. */
const isSame = (a: Node, b: Node): boolean => (a.entry && b.entry ? isSameEntry(a.entry, b.entry) : a.entry === b.entry);

interface Difference {
  /** By name, the index of each node of before that is the same now. */
  kept: Map<string, number>;
  /** Of before: not there any more, or others now. */
  gone: Node[];
  fresh: Node[];
}

/** Pure. */
export const differenceOf = (before: readonly Node[], now: readonly Node[]): Difference => {
  const known = new Map(before.map((node, index) => [node.name, { index, node }]));
  const kept = new Map<string, number>();
  const fresh: Node[] = [];
  for (const node of now) {
    const same = known.get(node.name);
    if (same && isSame(same.node, node)) kept.set(node.name, same.index);
    else fresh.push(node);
  }
  return { kept, gone: before.filter(({ name }) => !kept.has(name)), fresh };
};

/** A larger layer is packed anew: what is taken over is in memory meanwhile. */
const beforeMaxBytes = 32 * 2 ** 20;
/** Of more new nodes than this part nothing is gained. */
const freshMaxShare = 0.5;

const formatVersion = 1;
const Before = LayerRecord.extend({ source: z.string() });
type Before = z.infer<typeof Before>;

/** Where it is noted of each app what its last layer was made of. */
export const sourceRecords = (home: Home): string => join(home.cache, "source-layers");

const recordPath = ({ dependencies: { home }, spec: { tags } }: BuildContext): string => {
  const name = createHash("sha256")
    .update(JSON.stringify([tags.project, tags.app]))
    .digest("hex");
  return join(sourceRecords(home), tags.tenant, `${name}.json`);
};

const keyOf = ({ output }: BuildPlan): string => JSON.stringify([formatVersion, output ?? null]);

const readRecord = (context: BuildContext, plan: BuildPlan): Before | undefined => {
  const path = recordPath(context);
  const parsed = existsSync(path) ? Before.safeParse(JSON.parse(readFileSync(path, "utf8"))) : undefined;
  return parsed?.data?.key === keyOf(plan) ? parsed.data : undefined;
};

const writeRecord = async (context: BuildContext, plan: BuildPlan, layer: Descriptor): Promise<void> => {
  const record: Before = { key: keyOf(plan), source: context.spec.source, layer };
  await mkdir(dirname(recordPath(context)), { recursive: true });
  writeDurably(recordPath(context), JSON.stringify(record), 0o644);
};

interface LayerBefore {
  layer: Descriptor;
  nodes: Node[];
  /** Its unpacked files. */
  folder: string;
}

/** The app's last layer, where it is still unpacked and its source is here, too. */
const layerBefore = (context: BuildContext, plan: BuildPlan): LayerBefore | undefined => {
  const { home } = context.dependencies;
  const record = readRecord(context, plan);
  if (record === undefined || record.layer.size > beforeMaxBytes) return undefined;
  const folder = layerFolder(home, record.layer.digest);
  if (!existsSync(folder) || !existsSync(home.sourceManifest(context.spec.tags.tenant, record.source))) return undefined;
  context.leases.take(record.layer.digest);
  const { entries } = readManifest(home, context.spec.tags.tenant, record.source);
  return { layer: record.layer, nodes: nodesOf(chosenEntries(entries, plan.output)), folder };
};

/** `folder` has the new files. */
const freshEntry = (folder: string, { name, entry }: Node): TreeEntry => {
  checkName(name);
  const path = join(folder, name);
  if (entry === undefined) return { type: "directory", name, path, mode: folderMode(name) };
  if (entry.type === "link") return { type: "link", name, target: entry.target };
  return { type: "file", name, path, size: entry.size, executable: entry.executable };
};

/** The new folder, of links to the files of the last one: nothing writes into the folder of a layer. False where there can be none. */
const linkFolder = async (from: string, to: string): Promise<boolean> => {
  await mkdir(to, { recursive: true, mode: 0o755 });
  return (await exec(["cp", "--archive", "--link", "--", join(from, "app"), to])).code === 0;
};

const makeSame = async (folder: string, fresh: string, difference: Difference): Promise<void> => {
  for (const { name, entry } of difference.gone.toReversed()) await (entry === undefined ? rmdir : rm)(join(folder, name));
  for (const { name, entry } of difference.fresh)
    await (entry === undefined ? mkdir(join(folder, name), { mode: 0o755 }) : rename(join(fresh, name), join(folder, name)));
};

/** The blob of the layer, made of that of the last one; undefined where that is not what it was. `fresh` has the new files. */
const packByDifference = async (
  context: BuildContext,
  { layer, nodes }: LayerBefore,
  now: readonly Node[],
  { kept, fresh }: { kept: Difference["kept"]; fresh: string },
) => {
  const { dependencies, spec } = context;
  const tar = await readWhole(dependencies.home, layer.digest);
  const places = tar === undefined ? [] : placesOf(tar);
  if (tar === undefined || places.length !== nodes.length) return undefined;
  const parts = now.map((node): Part => {
    const place = places[kept.get(node.name) ?? -1];
    return place === undefined ? { kind: "new", entry: freshEntry(fresh, node) } : { kind: "kept", name: node.name, place };
  });
  return await packParts(dependencies.home, tar, parts, { contents: secretCheck(spec.secrets, spec.tags.app), maxBytes: limit("imageBytes") });
};

/** The layer, made of the last one; undefined where that is not possible, or not worth it. */
const layerByDifference = async (context: BuildContext, before: LayerBefore, entries: readonly SourceEntry[]): Promise<AppLayer | undefined> => {
  const { dependencies, spec, workspace } = context;
  const now = nodesOf(entries);
  const difference = differenceOf(before.nodes, now);
  if (difference.fresh.length > now.length * freshMaxShare || now.some(({ name }) => isLeftOver(name))) return undefined;
  const linking = linkFolder(before.folder, workspace.layer);
  const fresh = `${workspace.layer}.new`;
  const packing = async () => {
    await mkdir(join(fresh, "app"), { recursive: true, mode: 0o755 });
    const placement = { home: dependencies.home, tenant: spec.tags.tenant, folder: join(fresh, "app"), owner: undefined };
    await materialise(
      difference.fresh.flatMap(({ entry }) => entry ?? []),
      placement,
    );
    return await packByDifference(context, before, now, { kept: difference.kept, fresh });
  };
  const [packed, linked] = await Promise.allSettled([packing(), linking]);
  if (packed.status === "rejected") throw packed.reason;
  const sealed = packed.value;
  if (sealed === undefined) return await removeTree(workspace.layer).then(() => undefined);
  if (linked.status === "rejected" || !linked.value) return { sealed, folder: undefined };
  await makeSame(workspace.layer, fresh, difference).catch(async (error: unknown) => {
    await discardBlobs([sealed]);
    throw error;
  });
  return { sealed, folder: workspace.layer };
};

const wholeLayer = async (context: BuildContext, entries: readonly SourceEntry[]): Promise<AppLayer> => {
  const { dependencies, spec, workspace } = context;
  const app = join(workspace.layer, "app");
  await mkdir(app, { recursive: true, mode: 0o755 });
  await materialise(entries, { home: dependencies.home, tenant: spec.tags.tenant, folder: app, owner: undefined });
  return await packApp(context, workspace.layer);
};

/** Starts no program of the app. */
export const sourceLayer = async (context: BuildContext, plan: BuildPlan, entries: readonly SourceEntry[]): Promise<AppLayer> => {
  const chosen = chosenEntries(entries, plan.output);
  const before = layerBefore(context, plan);
  const layer = (before && (await layerByDifference(context, before, chosen))) ?? (await wholeLayer(context, chosen));
  await writeRecord(context, plan, layer.sealed.descriptor);
  return layer;
};
