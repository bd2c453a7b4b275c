// Which workloads have changed, as PostgreSQL notes it (migration 0017).
import type { Query } from "#platform/database.ts";

export interface Changes {
  /** What is committed later is after it. */
  mark: string;
  /** False where PostgreSQL may have lost commits since the look was begun, or another look was begun, or more has changed than is asked for. */
  isKnown: boolean;
  ids: string[];
}

/** A look at all begins: what changes from here on is kept for it. */
export const beginLook = async (query: Query, look: string): Promise<void> => {
  await query`insert into workload_look (id) values (${look}) on conflict (one) do update set id = excluded.id`;
};

/**
 * What has changed after a mark. Transactions of that moment that were not over then are told again, so none is ever missed whose id is older
 * than one that was told.
 */
export const changesAfter = async (query: Query, { look, mark, most }: { look: string; mark: string; most: number }): Promise<Changes> => {
  const [row] = await query<Changes[]>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as mark,
      exists (select 1 from workload_look where id = ${look}) and (select count(*) from (${changedIds(query, mark, most + 1)}) all_of_them) <= ${most} as is_known,
      array(${changedIds(query, mark, most)}) as ids`;
  return row ?? { mark, isKnown: false, ids: [] };
};

const changedIds = (query: Query, mark: string, most: number) => query`select distinct id from workload_changes where changed >= ${mark}::xid8 limit ${most}`;

/** Forgets what was told before a mark. */
export const trimWorkloadChanges = async (query: Query, mark: string): Promise<void> => {
  await query`delete from workload_changes where changed < ${mark}::xid8`;
};
