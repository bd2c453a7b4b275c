// What a rollback asks PostgreSQL, asked of nothing. A connection that has never asked it takes 15 to 20 ms more the first time, as PostgreSQL
// reads what it has of the tables and plans the statements; and somebody who rolls back is in a hurry.
import type { Database, Query } from "#platform/database.ts";
import { stored } from "../api/idempotency.ts";
import { findApp } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { reviveParked, rollable } from "../releases/release-store.ts";
import { pointRoutes, pointRoutesBy } from "../routes/pointing.ts";
import { changesWithOwn } from "../routes/route-store.ts";
import { isAnyParked } from "../workloads/workload-store.ts";
import { type By, beginAlone } from "./alone.ts";
import { type Live, makeLive, served } from "./live-store.ts";

/** No id of anything. */
const nothing = "none";
/** A version that the route table does not come to. */
const newest = 2 ** 40;
const claim = { key: nothing, sha256: Buffer.alloc(0), isMade: false, isAnswered: false };
const call: By["call"] = { tenant: nothing, actor: nothing, requestId: nothing, idempotencyKey: nothing, token: { grantId: null }, claim, journaled: false };
const deployment = {
  deployment: nothing,
  app: nothing,
  project: nothing,
  tenant: nothing,
  kind: "rollback",
  state: "live",
  phases: [],
  createdAt: "",
} as const;
const told: Live["told"] = { deployment: { ...deployment, phases: [] }, hostUrl: nothing };

/** In the order of a rollback: begins, revives, serves, and becomes live, of which nothing comes where there is nothing. */
const askOfNothing = async (query: Query, { installation }: Pick<Control, "installation">): Promise<void> => {
  await stored(query, { tenant: nothing, ...claim });
  await Promise.all([findApp(query, nothing, nothing), rollable(query, nothing, nothing)]);
  const inverse = { operation: nothing, input: {} };
  await beginAlone(
    query,
    { installation, call },
    { app: nothing, appId: nothing, kind: "rollback", request: { to: 0 }, operation: nothing, input: {}, inverse },
  );
  await reviveParked(query, { appId: nothing, release: 0, id: nothing });
  const facts = { releaseId: nothing, release: 0, artifact: nothing, workload: nothing, source: nothing, commit: nothing };
  const pointing = { appId: nothing, deployment: nothing, release: { config: {} }, hosts: [nothing] };
  await pointRoutesBy(query, pointing, (on, point) => served(on, { id: nothing, workload: nothing, facts, from: newest }, point));
  // What is called within is planned when it is called.
  await pointRoutes(query, { ...pointing, hosts: [] });
  await query`select ${changesWithOwn(query, query`true`, newest)}`;
  await makeLive(query, { row: { id: nothing, appId: nothing, app: nothing, workload: nothing }, release: { id: nothing, number: 0 }, phases: [], told });
};

/** A statement is planned anew the first five times. */
const times = 5;

/** On each connection of the pool: so many transactions at once have one each. */
const warm = (pool: Database, control: Pick<Control, "installation">): Promise<unknown> =>
  Promise.all(
    Array.from({ length: pool.options.max }, () =>
      pool.begin(async (query) => {
        for (let time = 0; time < times; time += 1) await askOfNothing(query, control);
      }),
    ),
  );

export class Warmer {
  #isWarm: boolean = false;

  /** Once, and not before there is something to go back to. To be called again and again. */
  async look({ database, progress, installation }: Pick<Control, "database" | "progress" | "installation">): Promise<void> {
    if (this.#isWarm || !(await isAnyParked(database))) return;
    this.#isWarm = true;
    await warm(database, { installation });
    await warm(progress, { installation });
  }
}
