// One look at everything: what the database says should be, and what the host and the edges have.
import { readFileSync } from "node:fs";
import { RouteTable, tableDigest } from "@slipstream/contract/ports/edge.ts";
import type { Workload } from "@slipstream/contract/ports/host.ts";
import type { Inspection } from "@slipstream/contract/ports/inspection.ts";
import { tableIn } from "@slipstream/contract/ports/table-file.ts";
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

const digestOnDisk = (path: string): string | undefined => {
  try {
    const table = tableIn(readFileSync(path, "utf8"));
    return table && tableDigest(table);
  } catch {
    return undefined;
  }
};

const readTables = async ({ routes, home }: Control): Promise<Tables> => {
  const [edges, wanted] = await Promise.all([routes.edges.digests(), routes.wanted()]);
  return { wanted: tableDigest(RouteTable.parse(wanted)), onDisk: digestOnDisk(home.routeTable), edges };
};

/** Rejects with `unreachable` while the host is away. */
export const look = async (control: Control): Promise<Look> => {
  const books = await readBooks(control.database);
  const artifacts = [...new Set(books.artifacts.map(({ artifact }) => artifact))];
  const [status, machine, tables] = await Promise.all([control.host.status({}), control.host.inspect({ artifacts }), readTables(control)]);
  return { books, workloads: status.workloads, machine, tables };
};
