// Messages become a table, at an edge and where a file is read.
import type { Delta, TableMessage } from "./route-entry.ts";
import { RouteTable, type Touched } from "./route-table.ts";

/** What became of a message: nothing that a client sees, a change of the table, or another table in its place. */
export type Taken = { kind: "nothing" } | { kind: "changed"; touched: Touched } | { kind: "replaced" };

const nothing: Taken = { kind: "nothing" };

/** Takes messages in their order. One that does not fit is left aside, and the version says so. */
export class TableReceiver {
  #table: RouteTable | undefined;
  #coming: { whole: string; table: RouteTable } | undefined;

  get table(): RouteTable | undefined {
    return this.#table;
  }

  /** Of the table that there is now; 0 before the first. */
  get version(): number {
    return this.#table?.version ?? 0;
  }

  take(message: TableMessage): Taken {
    if (message.kind === "delta") return this.#change(message);
    if (message.kind === "begin") {
      const table = new RouteTable();
      table.version = message.version;
      this.#coming = { whole: message.whole, table };
      return nothing;
    }
    if (this.#coming?.whole !== message.whole) return nothing;
    const { table } = this.#coming;
    if (message.kind === "part") {
      table.apply(message.changes);
      return nothing;
    }
    this.#coming = undefined;
    // A part may have been lost with the process that sent it.
    return table.entries === message.entries ? this.adopt(table) : nothing;
  }

  /** Takes a table in place of an older one. */
  adopt(table: RouteTable): Taken {
    if (this.#table && table.version <= this.version) return nothing;
    this.#table = table;
    return { kind: "replaced" };
  }

  #change({ from, to, changes }: Delta): Taken {
    const table = this.#table;
    if (!table || table.version < from || table.version >= to) return nothing;
    const touched = table.apply(changes);
    table.version = to;
    return { kind: "changed", touched };
  }
}
