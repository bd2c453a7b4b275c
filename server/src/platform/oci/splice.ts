// A tar that packLayer made, in pieces: what a layer has in common with one before it is taken over as the bytes that it was.
import type { TreeEntry } from "./tree.ts";

/** Where an entry is in a tar, with its headers and what fills up its last block; and where its content is. */
export interface Place {
  start: number;
  end: number;
  contentStart: number;
  contentEnd: number;
}

/** An entry of a new tar: as it is in the one before, or new. */
export type Part = { kind: "kept"; name: string; place: Place } | { kind: "new"; entry: TreeEntry };

/** What comes next in the new tar: a stretch of the one before, with the parts in it, or entries to be packed. */
export type Stretch = { kind: "kept"; start: number; end: number; parts: (Part & { kind: "kept" })[] } | { kind: "new"; entries: TreeEntry[] };

const blockBytes = 512;
const sizeField = { at: 124, length: 12 } as const;
const typeAt = 156;
/** Of headers that say more about the entry behind them. */
const extended = new Set(["x", "g"].map((type) => type.charCodeAt(0)));

const inBlocks = (bytes: number): number => Math.ceil(bytes / blockBytes) * blockBytes;

const sizeAt = (tar: Buffer, header: number): number =>
  Number.parseInt(tar.toString("latin1", header + sizeField.at, header + sizeField.at + sizeField.length), 8) || 0;

/** The places of the entries, in their order (POSIX.1-2017, pax interchange format). For tars of ours, in which no file has 8 GiB. */
export const placesOf = (tar: Buffer): Place[] => {
  const places: Place[] = [];
  let start = 0;
  for (let header = 0; header < tar.length && tar[header] !== 0; ) {
    const contentStart = header + blockBytes;
    const contentEnd = contentStart + sizeAt(tar, header);
    const end = inBlocks(contentEnd);
    if (!extended.has(tar[header + typeAt] ?? 0)) {
      places.push({ start, end, contentStart, contentEnd });
      start = end;
    }
    header = end;
  }
  return places;
};

/** Parts that stand beside each other, in both tars, as one stretch. Pure. */
export const stretchesOf = (parts: readonly Part[]): Stretch[] => {
  const stretches: Stretch[] = [];
  for (const part of parts) {
    const last = stretches.at(-1);
    if (part.kind === "new") {
      if (last?.kind === "new") last.entries.push(part.entry);
      else stretches.push({ kind: "new", entries: [part.entry] });
    } else if (last?.kind === "kept" && last.end === part.place.start) {
      last.end = part.place.end;
      last.parts.push(part);
    } else stretches.push({ kind: "kept", start: part.place.start, end: part.place.end, parts: [part] });
  }
  return stretches;
};
