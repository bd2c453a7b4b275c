import type { Domain } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import type { Call, Handlers } from "../api/call.ts";
import { appNamed, expectDestroyed, livingApp, lockApp } from "../apps/app-store.ts";
import { ensureCertificate } from "../certificates/certificate-store.ts";
import { addressOf, type Control } from "../control.ts";
import { deploymentOf } from "../deployments/deployment-store.ts";
import { journal } from "../journal/journal-store.ts";
import { announce } from "../outbox/outbox-store.ts";
import { releaseOf } from "../releases/release-store.ts";
import { pointRoutes } from "../routes/pointing.ts";
import { removeHostRoutes, routedDeployment } from "../routes/route-store.ts";
import { checkDomain, notRemovable } from "./domain.ts";
import { claimDomain, type DomainRow, domainsOf, isKept, removeDomain } from "./domain-store.ts";

const toDomain = (control: Control, app: string, row: Pick<DomainRow, "host" | "createdAt">): Domain => ({
  domain: row.host,
  app,
  url: addressOf(control.installation, row.host),
  createdAt: row.createdAt.toISOString(),
});

/** What answers for the app now, be it proven yet or not, answers at the host names that the app has now. */
const routeAnew = async (query: Query, appId: string): Promise<void> => {
  const deployment = await routedDeployment(query, appId);
  const row = deployment === undefined ? undefined : await deploymentOf(query, deployment);
  const release = row?.releaseId ? await releaseOf(query, row.releaseId) : undefined;
  if (deployment !== undefined && release) await pointRoutes(query, { appId, deployment, release });
};

interface Asked {
  app: string;
  domain: string;
}

const add = async (control: Control, call: Call, appId: string, { app, domain }: Asked): Promise<void> =>
  control.database.begin(async (query) => {
    const locked = await lockApp(query, appId);
    await call.expects?.check(query, { app: appId });
    expectDestroyed(locked, false);
    const had = (await domainsOf(query, appId)).some(({ host }) => host === domain);
    const wasKept = await isKept(query, appId, domain);
    await claimDomain(query, { host: domain, tenant: call.tenant, appId, isGranted: call.token.grant !== undefined });
    await ensureCertificate(control, query, domain);
    await routeAnew(query, appId);
    const input = { app, domain };
    const undo = had ? { noUndo: `The app had ${domain} before.` } : { inverse: { operation: "domains.remove", input } };
    await journal(query, call, { operation: "domains.add", app, input, ...undo });
    const row = (await domainsOf(query, appId)).find(({ host }) => host === domain);
    if (row && !wasKept) await announce(query, { tenant: call.tenant, topic: "domain.added", subject: domain, data: toDomain(control, app, row) });
  });

/** One of an app that was destroyed too: its host names are kept with it, and can be let go for another. */
const remove = async (control: Control, call: Call, appId: string, { app, domain }: Asked): Promise<void> =>
  control.database.begin(async (query) => {
    await lockApp(query, appId);
    await call.expects?.check(query, { app: appId });
    const wasKept = await isKept(query, appId, domain);
    const removed = await removeDomain(query, appId, domain);
    if (!removed) throw notRemovable(app, domain);
    await removeHostRoutes(query, appId, domain);
    if (wasKept) await announce(query, { tenant: call.tenant, topic: "domain.removed", subject: domain, data: toDomain(control, app, removed) });
    const input = { app, domain };
    await journal(query, call, { operation: "domains.remove", app, input, inverse: { operation: "domains.add", input } });
  });

export const domainOperations = (control: Control): Pick<Handlers, "domains.add" | "domains.list" | "domains.remove"> => ({
  async "domains.add"(asked, call) {
    const { app: name, domain } = asked;
    checkDomain(domain, name);
    const app = await livingApp(control.database, call.tenant, name);
    if (!call.claim?.isMade) await add(control, call, app.id, asked);
    await control.routes.publish();
    const added = (await domainsOf(control.database, app.id)).find((row) => row.host === domain);
    return toDomain(control, name, added ?? { host: domain, createdAt: new Date() });
  },

  async "domains.list"({ app }, call) {
    const { id } = await appNamed(control.database, call.tenant, app);
    return { domains: (await domainsOf(control.database, id)).map((row) => toDomain(control, app, row)) };
  },

  async "domains.remove"(asked, call) {
    const app = await appNamed(control.database, call.tenant, asked.app);
    if (!call.claim?.isMade) await remove(control, call, app.id, asked);
    await control.routes.publish();
    return { domain: asked.domain };
  },
});
