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

/** `there` is null when they were pointed, else the host names that there are. */
export interface PointedRow {
  there: string[] | null;
}

/** A statement around the call of `point_routes`, which gives what that gives in its first row. */
export type Around<R extends PointedRow> = (query: Query, point: Part) => PromiseLike<readonly R[]>;

const alone: Around<PointedRow> = (query, point) => query<PointedRow[]>`select ${point} as there`;

/** What the primary key of routes says. */
const asConflict = (error: unknown): unknown => {
  const { code, table_name: table } = error as { code?: unknown; table_name?: unknown };
  return code === "23505" && table === "routes" ? new SlipError("conflict", "Another app serves one of the routes already.") : error;
};

/**
 * Gives the routes, and the rows of the statement around; undefined where that gave none. Publishing is the caller's. Throws `conflict` when
 * another app serves one of them.
 */
export const pointRoutesBy = async <R extends PointedRow>(
  query: Query,
  of: Pointing,
  around: Around<R>,
): Promise<{ routes: Route[]; rows: readonly R[] } | undefined> => {
  for (let known = of.hosts ?? []; ; ) {
    const routes = routesOf(of.release.config, known);
    const [hosts, paths] = [routes.map(({ host }) => host), routes.map(({ path }) => path)];
    const point = query`point_routes(${of.appId}, ${of.deployment}, ${[...known]}::text[], ${hosts}::text[], ${paths}::text[])`;
    const rows = await Promise.resolve(around(query, point)).catch((error: unknown) => {
      throw asConflict(error);
    });
    const [pointed] = rows;
    if (!pointed) return undefined;
    if (pointed.there === null) return { routes, rows };
    known = pointed.there;
  }
};

/** By a statement of its own. */
export const pointRoutes = async (query: Query, of: Pointing): Promise<void> => {
  await pointRoutesBy(query, of, alone);
};
