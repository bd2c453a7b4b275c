// Points the routes of an app to a deployment: under the lock of the app, and in one question where its host names are known.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Part, Query } from "#platform/database.ts";
import { routesOf } from "./route-table.ts";

export interface Pointing {
  appId: string;
  deployment: string;
  release: { config: Pick<AppConfig, "routes"> };
  /** The host names that the app probably has: one question more where it has others. */
  hosts?: readonly string[];
}
export interface Route {
  host: string;
  path: string;
}

/** A statement around the call that points: `there` is null when that was done, else the host names that there are. */
export type Around = (query: Query, point: Part) => PromiseLike<readonly { there: string[] | null }[]>;

const alone: Around = (query, point) => query<{ there: string[] | null }[]>`select ${point} as there`;

/** What the primary key of routes says. */
const asConflict = (error: unknown): unknown => {
  const { code, table_name: table } = error as { code?: unknown; table_name?: unknown };
  return code === "23505" && table === "routes" ? new SlipError("conflict", "Another app serves one of the routes already.") : error;
};

/** Gives the routes; publishing is the caller's. Undefined where `around` came to no call. Throws `conflict` when another app serves one of them. */
export const pointRoutes = async (query: Query, of: Pointing, around: Around = alone): Promise<Route[] | undefined> => {
  for (let known = of.hosts ?? []; ; ) {
    const routes = routesOf(of.release.config, known);
    const [hosts, paths] = [routes.map(({ host }) => host), routes.map(({ path }) => path)];
    const point = query`point_routes(${of.appId}, ${of.deployment}, ${[...known]}::text[], ${hosts}::text[], ${paths}::text[])`;
    const [pointed] = await Promise.resolve(around(query, point)).catch((error: unknown) => {
      throw asConflict(error);
    });
    if (!pointed) return undefined;
    if (pointed.there === null) return routes;
    known = pointed.there;
  }
};
