// What a grant allows of apps and builds is counted where it is used, in the same transaction: two calls at the same time cannot use
// the last of it twice.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Query } from "#platform/database.ts";
import type { Call } from "../api/call.ts";
import { coveredApps } from "./coverage.ts";

const usedUp = (what: string): SlipError =>
  new SlipError("forbidden", `Another call has used the last of the ${what} that the grant allows.`, { next: "Ask again: a person can approve it." });

/** Counts a new app and a build; to be called after the app is there. Throws `forbidden` where the decision before was overtaken. */
export const spend = async (query: Query, { tenant, token }: Call, of: { app: boolean; build: boolean }): Promise<void> => {
  const { grant, grantId } = token;
  if (grant === undefined || grantId === null || (!of.app && !of.build)) return;
  const [row] = await query<{ builds: number }[]>`select builds from grants where id = ${grantId} for update`;
  const { limits = {}, budget = {} } = grant;
  if (of.app && limits.apps !== undefined) {
    const [covered] = await query<{ count: number }[]>`select count(*)::int as count from apps a where a.tenant = ${tenant} and ${coveredApps(query, grant)}`;
    if ((covered?.count ?? 0) > limits.apps) throw usedUp("apps");
  }
  if (!of.build) return;
  if (budget.builds !== undefined && (row?.builds ?? 0) >= budget.builds) throw usedUp("builds");
  await query`update grants set builds = builds + 1 where id = ${grantId}`;
};
