// One look at everything: what the database says should be, and what the host and the edges have.
import { createReadStream } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Workload } from "@slipstream/contract/ports/host.ts";
import type { Inspection } from "@slipstream/contract/ports/inspection.ts";
import { TableSum } from "@slipstream/contract/ports/route-table.ts";
import { readTableFile } from "@slipstream/contract/ports/table-file.ts";
import type { Control } from "../control.ts";
import { type Books, readBooks } from "./books.ts";

/** Digests of the route table: as it should be, on the disk, and at each edge; undefined where there is none. */
export interface Tables {
  wanted: string;
  onDisk: string | undefined;
  edges: readonly { edge: string; digest: string | undefined }[];
}

export interface Look {
  books: Books;
  workloads: readonly Workload[];
  machine: Inspection;
  tables: Tables;
}

const digestOnDisk = async (path: string): Promise<string | undefined> => {
  try {
    return await (await readTableFile(createReadStream(path)))?.table.digestAnew(nextTurn);
  } catch {
    return undefined;
  }
};

const digestWanted = async ({ routes }: Control): Promise<string> => {
  const sum = new TableSum();
  await routes.source.whole(async (message) => sum.add(message));
  return sum.digest;
};

const readTables = async (control: Control): Promise<Tables> => {
  const [edges, wanted, onDisk] = await Promise.all([control.routes.edges.digests(), digestWanted(control), digestOnDisk(control.home.routeTable)]);
  return { wanted, onDisk, edges };
};

/** Rejects with `unreachable` while the host is away. */
export const look = async (control: Control): Promise<Look> => {
  const books = await readBooks(control.database);
  const artifacts = [...new Set(books.artifacts.map(({ artifact }) => artifact))];
  const [status, machine, tables] = await Promise.all([control.host.status({}), control.host.inspect({ artifacts }), readTables(control)]);
  return { books, workloads: status.workloads, machine, tables };
};
