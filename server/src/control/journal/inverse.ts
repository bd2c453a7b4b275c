// What undoes an entry now: its inverse, as exact as what has happened since lets it be.
import type { Query } from "#platform/database.ts";
import type { Entry, Inverse } from "./entry.ts";

/** The release that was live before a deployment became it. Deployments of an app become live in the order of their ids. */
const releaseBefore = async (query: Query, deployment: string): Promise<number | undefined> =>
  (
    await query<{ release: number }[]>`
      select b.release from deployments d join deployments b on b.app_id = d.app_id
      where d.id = ${deployment} and b.id < d.id and b.state = 'live' and b.release is not null order by b.id desc limit 1`
  )[0]?.release;

const wasReleasedSince = async (query: Query, { app, time }: Entry, tenant: string): Promise<boolean> =>
  (
    await query`
      select 1 from releases r join apps a on a.id = r.app_id
      where a.tenant = ${tenant} and a.name = ${app} and r.live_at is not null and r.created_at > ${time} limit 1`
  ).length > 0;

/**
 * A deployment that was asked for while another was under way goes back to what that one made. What was staged is put back for the
 * next deployment, unless one has taken it live meanwhile: then it is put back live.
 */
export const inverseNow = async (query: Query, tenant: string, entry: Entry, inverse: Inverse): Promise<Inverse> => {
  const { operation, input } = inverse;
  if (entry.deployment !== null && (operation === "releases.rollback" || entry.operation === "deployments.create")) {
    const to = await releaseBefore(query, entry.deployment);
    return to === undefined ? inverse : { operation: "releases.rollback", input: { app: entry.app, to } };
  }
  const { stage, ...live } = input;
  return stage === true && (await wasReleasedSince(query, entry, tenant)) ? { operation, input: live } : inverse;
};
