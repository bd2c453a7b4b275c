// The ids that were made last. What control makes after a start comes after them, also where the clock was set back meanwhile.
import type { Query } from "#platform/database.ts";

/** The newest of each table whose order is that of its ids. */
export const newestIds = async (query: Query): Promise<string[]> => {
  const rows = await query<{ id: string | null }[]>`
    select max(id) as id from deployments union all select max(id) from tasks union all select max(id) from journal
    union all select max(id) from webhooks union all select max(id) from webhook_deliveries
    union all select max(id) from plans`;
  return rows.flatMap(({ id }) => id ?? []);
};
