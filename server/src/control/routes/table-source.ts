// The newest route table as PostgreSQL has it: what changed since a version, or the whole, which is read in pieces and held nowhere.
import { randomUUID } from "node:crypto";
import type { Change, Delta, TableMessage } from "@slipstream/contract/ports/route-entry.ts";
import type { Database, Query } from "#platform/database.ts";
import { giveBackHeapRoom } from "#platform/heap-room.ts";
import { certificateChanges, servedCertificates } from "../certificates/certificate-store.ts";
import type { Control } from "../control.ts";
import { platformDomain } from "../control.ts";
import { atOneMoment, type Changed, changesSince, nextRouted, routedApps, tableVersion } from "./route-store.ts";
import { appChange } from "./route-table.ts";

/** The newest version; how to come to it from an older one, undefined where that takes the whole table. */
export interface News {
  version: number;
  delta: Delta | undefined;
}

export interface TableSource {
  since: (from: number) => Promise<News>;
  /** The same of what was read already, at once; undefined where that leaves something to be read. */
  read: (from: number, changed: Changed) => News | undefined;
  /** Gives the whole table to `take`, one message after the other. */
  whole: (take: (message: TableMessage) => Promise<void>) => Promise<void>;
}

interface Parts {
  database: Database;
  sealing: Control["sealing"];
  proofKey: string;
}

const partEntries = 500;

/** To read so many takes room that is worth being given back, once edges and the disk have all read. */
const manyEntries = 10_000;
const giveBackAfterMs = 2_000;

const lastOf = <T>(rows: readonly T[]): T | undefined => rows[rows.length - 1];

export const tableSource = ({ database, sealing, proofKey }: Parts): TableSource => {
  const platform: Change = { kind: "platform", value: { hosts: [platformDomain], proofKey } };

  const certificatesNow = async (query: Query, names: readonly string[]): Promise<Change[]> =>
    names.length === 0 ? [] : certificateChanges({ sealing }, await servedCertificates(query, { names }), names);

  const newsOf = (from: number, { version, isKnown, apps }: Changed, certificates: readonly Change[]): News => {
    // Nobody has a table of version 0 to which a change would fit.
    if (from === 0 || !isKnown) return { version, delta: undefined };
    const changes = [platform, ...certificates, ...[...apps].map(([id, row]) => appChange(id, row))];
    return { version, delta: { kind: "delta", from, to: version, changes } };
  };

  async function* certificates(query: Query): AsyncGenerator<Change[]> {
    for (let after: string | undefined = ""; after !== undefined; ) {
      const rows = await servedCertificates(query, { after, count: partEntries });
      after = lastOf(rows)?.name;
      if (rows.length > 0) yield certificateChanges({ sealing }, rows);
    }
  }

  async function* apps(query: Query): AsyncGenerator<Change[]> {
    for (let after: string | undefined = ""; after !== undefined; ) {
      const ids = await nextRouted(query, after, partEntries);
      after = lastOf(ids);
      const rows = ids.length > 0 ? await routedApps(query, ids) : [];
      if (rows.length > 0) yield rows.map((row) => appChange(row.id, row));
    }
  }

  let givingBack: NodeJS.Timeout | undefined;
  return {
    since: async (from) => {
      const changed = await changesSince(database, from);
      // A certificate may be newer than the version by then: what changed it brings it once more.
      return newsOf(from, changed, await certificatesNow(database, changed.certificates));
    },

    read: (from, changed) => (changed.certificates.length === 0 ? newsOf(from, changed, []) : undefined),

    whole: async (take) => {
      clearTimeout(givingBack);
      await atOneMoment(database, async (query) => {
        const whole = randomUUID();
        await take({ kind: "begin", whole, version: await tableVersion(query) });
        await take({ kind: "part", whole, changes: [platform] });
        let entries = 1;
        for (const read of [certificates, apps])
          for await (const changes of read(query)) {
            await take({ kind: "part", whole, changes });
            entries += changes.length;
          }
        await take({ kind: "end", whole, entries });
        if (entries > manyEntries) givingBack = setTimeout(giveBackHeapRoom, giveBackAfterMs).unref();
      });
    },
  };
};
