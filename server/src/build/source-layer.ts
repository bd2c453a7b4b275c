// The app layers of a source that no build step changes: its files, below /app. One that is what the app had last is used again; one
// that mostly is, is made of that and of what differs.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { isSameEntry, type SourceEntry } from "@slipstream/contract/source.ts";
import { discardBlobs } from "#platform/oci/blob-file.ts";
import { readWhole } from "#platform/oci/damage.ts";
import { blobPath } from "#platform/oci/layout.ts";
import { placesOf } from "#platform/oci/splice.ts";
import { descriptorOf } from "#platform/oci/write-image.ts";
import { type AppLayer, insideTree, type MadeLayer, madeOf, missingOutput, packApp } from "./app-layer.ts";
import type { BuildContext } from "./context.ts";
import { beforeMaxBytes, layerByDifference, materialiseIn, nodesOf, type Piece, type PieceBefore } from "./layer-by-difference.ts";
import { secretCheck } from "./secret-check.ts";
import { piecesOf } from "./source-pieces.ts";
import { readSourceRecord, writeSourceRecord } from "./source-record.ts";
import { readManifest } from "./sources/manifest.ts";
import { takenEntries } from "./taken-entries.ts";

/** The part of the tree that is the app when no build step runs, with its paths as they will be below /app. */
const chosenEntries = (entries: readonly SourceEntry[], output: readonly string[] | undefined, within: string | undefined): readonly SourceEntry[] => {
  if (output === undefined) return entries;
  for (const folder of output.map(insideTree)) {
    const prefix = folder === "" ? "" : `${folder}/`;
    const chosen = entries.filter(({ path }) => path.startsWith(prefix)).map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }));
    if (chosen.length > 0) return chosen;
  }
  const pages = entries.filter(({ path }) => path.endsWith("/index.html")).map(({ path }) => dirname(path));
  throw missingOutput(output, pages, within);
};

/** The pieces of the app's last source, where that is still here. */
const piecesBefore = (context: BuildContext, plan: BuildPlan): PieceBefore[] => {
  const { home } = context.dependencies;
  const { tenant } = context.spec.tags;
  const record = readSourceRecord(context, plan);
  if (record === undefined || !existsSync(home.sourceManifest(tenant, record.source))) return [];
  const pieces = piecesOf(
    chosenEntries(takenEntries(readManifest(home, tenant, record.source).entries, plan), plan.output, context.spec.config.build?.package),
  );
  return pieces.flatMap((entries, index) => {
    const layer = record.layers[index];
    return layer === undefined ? [] : [{ entries, layer }];
  });
};

/** Finds the piece that another one was: it begins with the same path, or has its first path that was there before. Pure. */
const matcherOf = (before: readonly PieceBefore[]): ((entries: readonly SourceEntry[]) => PieceBefore | undefined) => {
  const byFirst = new Map(before.map((piece) => [piece.entries[0]?.path, piece]));
  // Seldom needed, and large.
  let all: Map<string, PieceBefore> | undefined;
  return (entries) => {
    const found = byFirst.get(entries[0]?.path);
    if (found) return found;
    all ??= new Map(before.flatMap((piece) => piece.entries.map(({ path }) => [path, piece] as const)));
    for (const { path } of entries) if (all.has(path)) return all.get(path);
    return undefined;
  };
};

const areSame = (a: readonly SourceEntry[], b: readonly SourceEntry[]): boolean =>
  a.length === b.length && a.every((entry, index) => entry.path === b[index]?.path && isSameEntry(entry, b[index]));

const wholeLayer = async (context: BuildContext, { entries, folder }: Piece): Promise<MadeLayer> => {
  await materialiseIn(context, entries, folder);
  return await packApp(context, folder);
};

/** Whether no value of a secret, which may have come since, is in a stored layer; false also where it is not what it was. Throws `secret_in_artifact`. */
const isWithoutSecrets = async ({ dependencies: { home }, spec }: BuildContext, { entries, layer }: PieceBefore): Promise<boolean> => {
  const contents = secretCheck(spec.secrets, spec.tags.app);
  if (contents === undefined) return true;
  const tar = layer.size > beforeMaxBytes ? undefined : await readWhole(home, layer.digest);
  const [nodes, places] = [nodesOf(entries), tar === undefined ? [] : placesOf(tar)];
  if (tar === undefined || nodes.length !== places.length) return false;
  for (const [index, { contentStart, contentEnd }] of places.entries()) contents.check(nodes[index]?.name ?? "", tar.subarray(contentStart, contentEnd));
  return true;
};

const layerOf = async (context: BuildContext, piece: Piece, before: PieceBefore | undefined): Promise<AppLayer> => {
  if (before === undefined) return await wholeLayer(context, piece);
  context.leases.take(before.layer.digest);
  const isThere = existsSync(blobPath(context.dependencies.home, before.layer.digest));
  if (isThere && areSame(before.entries, piece.entries) && (await isWithoutSecrets(context, before))) return { stored: before.layer };
  return (await layerByDifference(context, before, piece)) ?? (await wholeLayer(context, piece));
};

/** Starts no program of the app. Lowest first. */
export const sourceLayers = async (context: BuildContext, plan: BuildPlan, entries: readonly SourceEntry[]): Promise<AppLayer[]> => {
  const pieces = piecesOf(chosenEntries(entries, plan.output, context.spec.config.build?.package));
  const matching = matcherOf(piecesBefore(context, plan));
  const layers: AppLayer[] = [];
  try {
    for (const [index, piece] of pieces.entries())
      layers.push(await layerOf(context, { entries: piece, folder: join(context.workspace.layer, `${index}`) }, matching(piece)));
    writeSourceRecord(context, plan, layers.map(descriptorOf));
  } catch (error) {
    await discardBlobs(madeOf(layers).map(({ sealed }) => sealed));
    throw error;
  }
  return layers;
};
