// What a grant allows of apps and builds is counted where it is used, in the same transaction: two calls at the same time cannot use
// the last of it twice.
import type { Beyond } from "@slipstream/contract/access.ts";
import type { Query } from "#platform/database.ts";
import type { Call } from "../api/call.ts";
import { stillBeyond } from "./beyond.ts";
import { BeyondGrant } from "./beyond-grant.ts";
import { coveredApps } from "./coverage.ts";

/** Throws what of it was not lifted: the transaction is taken back. */
const expectLifted = ({ approved }: Call, it: Beyond): void => {
  const beyond = stillBeyond([it], approved?.lifts);
  if (beyond.length > 0) throw new BeyondGrant(beyond);
};

/** Whether apps beside those that the grant covers are made, too. */
const isElsewhere = ({ approved }: Call): boolean => approved?.lifts.some(({ kind }) => kind === "app") === true;

/** Counts a new app and a build; to be called after the app is there. Throws `BeyondGrant` where the decision before was overtaken. */
export const spend = async (query: Query, call: Call, of: { app: boolean; build: boolean }): Promise<void> => {
  const { tenant, token } = call;
  const { grant, grantId } = token;
  if (grant === undefined || grantId === null || (!of.app && !of.build)) return;
  const [row] = await query<{ builds: number }[]>`select builds from grants where id = ${grantId} for update`;
  const { limits = {}, budget = {} } = grant;
  if (of.app && limits.apps !== undefined && !isElsewhere(call)) {
    const [covered] = await query<{ count: number }[]>`select count(*)::int as count from apps a where a.tenant = ${tenant} and ${coveredApps(query, grant)}`;
    const before = (covered?.count ?? 0) - 1;
    if (before >= limits.apps) expectLifted(call, { kind: "apps", apps: before, allowed: limits.apps });
  }
  if (!of.build) return;
  if (budget.builds !== undefined && (row?.builds ?? 0) >= budget.builds) expectLifted(call, { kind: "builds", allowed: budget.builds });
  await query`update grants set builds = builds + 1 where id = ${grantId}`;
};
