// What operations on host names would do.

import { limit } from "@slipstream/contract/limits.ts";
import { livingApp } from "../../apps/app-store.ts";
import { checkDomain, hostOfAnother, notRemovable, tooManyDomains } from "../../domains/domain.ts";
import { ownersOf } from "../../domains/domain-store.ts";
import { routesOf } from "../../routes/route-table.ts";
import { type AppRows, readKeptApp, rowsOf } from "../app-rows.ts";
import { change, routeChanges } from "../diff.ts";
import { planner } from "../planner.ts";

interface HostRows extends AppRows {
  /** The app that has it. */
  owner: { appId: string; app: string | null } | undefined;
}

const routes = ({ live }: AppRows, hosts: readonly string[]) => (live === undefined ? [] : routesOf(live.config, hosts));
const hostsOf = ({ domains }: AppRows): string[] => domains.map(({ host }) => host);

const add = planner<"domains.add", HostRows>({
  read: ({ snapshot, call }, { app, domain }) =>
    snapshot(async (query) => {
      const rows = await rowsOf(query, await livingApp(query, call.tenant, app));
      const [owner] = await ownersOf(query, call.tenant, [domain]);
      return { ...rows, owner };
    }),
  plan({ app, domain }, { owner, ...rows }) {
    checkDomain(domain, app);
    if (owner !== undefined && owner.appId !== rows.app.id) throw hostOfAnother(domain, owner.app ?? undefined);
    const before = hostsOf(rows);
    const isNew = owner === undefined;
    if (isNew && before.length >= limit("domains")) throw tooManyDomains();
    return {
      app,
      changes: isNew ? [...change(`domain ${domain}`, undefined, app), ...routeChanges(routes(rows, before), routes(rows, [...before, domain]))] : [],
      interrupts: [],
      quota: [],
      ...(isNew ? { inverse: { operation: "domains.remove", input: { app, domain } } } : {}),
    };
  },
});

const remove = planner<"domains.remove", AppRows>({
  read: (reading, { app }) => readKeptApp(reading, app),
  plan({ app, domain }, rows) {
    const before = hostsOf(rows);
    if (!rows.domains.some(({ host, isDefault }) => host === domain && !isDefault)) throw notRemovable(app, domain);
    const isServed = rows.live !== undefined;
    const lost = routes(rows, before).filter(({ host }) => host === domain);
    return {
      app,
      changes: [...change(`domain ${domain}`, app, undefined), ...routeChanges(lost, [])],
      interrupts: isServed ? [{ what: `requests to ${domain}`, why: "It is no longer served; they are answered with 404." }] : [],
      quota: [],
      inverse: { operation: "domains.add", input: { app, domain } },
    };
  },
  again: async (_, { domain }) => ({ domain }),
});

export const domainPlanners = { "domains.add": add, "domains.remove": remove };
