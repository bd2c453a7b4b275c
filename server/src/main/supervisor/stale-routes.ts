// The route table of a platform that starts from nothing: its instances are gone, and their addresses are anybody's.
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { RouteTable } from "@slipstream/contract/ports/route-table.ts";
import { linesOf, TableFileReader } from "@slipstream/contract/ports/table-file.ts";
import type { Home } from "#platform/home.ts";

const pieceBytes = 1_048_576;

const readTable = (file: number): RouteTable | undefined => {
  const reader = new TableFileReader();
  const piece = Buffer.alloc(pieceBytes);
  for (let length = -1; length !== 0; ) {
    length = readSync(file, piece);
    reader.push(piece.subarray(0, length));
  }
  return reader.end()?.table;
};

/** Gives undefined where there is none. */
const openTable = (home: Home): number | undefined => {
  try {
    return openSync(home.routeTable, "r+");
  } catch {
    return undefined;
  }
};

/** Written over what is there, which needs no space and keeps the owner. A table that is absent or broken stays as it is. */
export const forgetTargets = (home: Home): void => {
  const file = openTable(home);
  if (file === undefined) return;
  try {
    const table = readTable(file);
    if (table === undefined) return;
    table.forgetTargets();
    let bytes = 0;
    for (const line of linesOf(table.messages())) bytes += writeSync(file, line, bytes);
    ftruncateSync(file, bytes);
  } finally {
    closeSync(file);
  }
};
