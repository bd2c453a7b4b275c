// A large source becomes several layers: of one that has changed a little most of them stay what they were. Where a layer ends is
// decided by the paths alone, so the same source has the same layers, whatever was deployed before.
import { crc32 } from "node:zlib";
import { inByteOrder } from "@slipstream/contract/byte-order.ts";
import type { SourceEntry } from "@slipstream/contract/source.ts";

/** Smaller sources are one layer. */
const onePieceEntries = 1_000;
/** Entries between two paths at which a piece may end, on average: a power of two, so that it stays the same when a few more come. */
const spacingOf = (entries: number): number => 2 ** Math.ceil(Math.log2(entries / 128));
/** So many of these are in each piece but the last. There are 25 to 51 pieces then, and never more than 86: other tools take images of 127 layers. */
const leastSpacings = 1.5;

/** No name has the byte 0, so that a folder's own names come before those that begin with its name. */
export const inTreeOrder = <T>(items: readonly T[], nameOf: (item: T) => string): T[] => inByteOrder(items, (item) => nameOf(item).replaceAll("/", "\0"));

/** Asked for twice: for a source, and for the next one of its app. */
const known = new WeakMap<readonly SourceEntry[], SourceEntry[][]>();

/**
 * The entries in the order of a tree, cut into pieces of neighbours: a folder is in few of them. A path that comes or goes moves only
 * the ends near it. Pure.
 */
export const piecesOf = (entries: readonly SourceEntry[]): SourceEntry[][] => {
  const pieces = known.get(entries) ?? cut(entries);
  known.set(entries, pieces);
  return pieces;
};

const cut = (entries: readonly SourceEntry[]): SourceEntry[][] => {
  const ordered = inTreeOrder(entries, ({ path }) => path);
  if (ordered.length < onePieceEntries) return [ordered];
  const spacing = spacingOf(ordered.length);
  const pieces: SourceEntry[][] = [];
  let start = 0;
  for (const [index, { path }] of ordered.entries()) {
    if (index - start < spacing * leastSpacings || crc32(path) % spacing !== 0) continue;
    pieces.push(ordered.slice(start, index));
    start = index;
  }
  return [...pieces, ordered.slice(start)];
};
