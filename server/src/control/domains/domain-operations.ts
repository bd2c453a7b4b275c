import type { Domain } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import type { Handlers } from "../api/call.ts";
import { appNamed, lockApp } from "../apps/app-store.ts";
import { ensureCertificate } from "../certificates/certificate-store.ts";
import { addressOf, type Control } from "../control.ts";
import { deploymentOf } from "../deployments/deployment-store.ts";
import { pointRoutes } from "../deployments/steps/switch.ts";
import { journal } from "../journal/journal-store.ts";
import { announce } from "../outbox/outbox-store.ts";
import { releaseOf } from "../releases/release-store.ts";
import { countUp, removeHostRoutes, routedDeployment } from "../routes/route-store.ts";
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
  else await countUp(query);
};

export const domainOperations = (control: Control): Pick<Handlers, "domains.add" | "domains.list" | "domains.remove"> => ({
  async "domains.add"({ app: name, domain }, call) {
    checkDomain(domain, name);
    const app = await appNamed(control.database, call.tenant, name);
    const added = await control.database.begin(async (query) => {
      await lockApp(query, app.id);
      await call.expects?.check(query, { app: app.id });
      const wasKept = await isKept(query, app.id, domain);
      await claimDomain(query, { host: domain, tenant: call.tenant, appId: app.id, isGranted: call.token.grant !== undefined });
      await ensureCertificate(control, query, domain);
      await routeAnew(query, app.id);
      await journal(query, call, {
        operation: "domains.add",
        app: name,
        input: { app: name, domain },
        inverse: { operation: "domains.remove", input: { app: name, domain } },
      });
      const row = (await domainsOf(query, app.id)).find(({ host }) => host === domain);
      if (row && !wasKept) await announce(query, { tenant: call.tenant, topic: "domain.added", subject: domain, data: toDomain(control, name, row) });
      return row;
    });
    await control.routes.publish();
    return toDomain(control, name, added ?? { host: domain, createdAt: new Date() });
  },

  async "domains.list"({ app }, call) {
    const { id } = await appNamed(control.database, call.tenant, app);
    return { domains: (await domainsOf(control.database, id)).map((row) => toDomain(control, app, row)) };
  },

  async "domains.remove"({ app: name, domain }, call) {
    const app = await appNamed(control.database, call.tenant, name);
    await control.database.begin(async (query) => {
      await lockApp(query, app.id);
      await call.expects?.check(query, { app: app.id });
      const wasKept = await isKept(query, app.id, domain);
      const removed = await removeDomain(query, app.id, domain);
      if (!removed) throw notRemovable(name, domain);
      await removeHostRoutes(query, app.id, domain);
      if (wasKept) await announce(query, { tenant: call.tenant, topic: "domain.removed", subject: domain, data: toDomain(control, name, removed) });
      await journal(query, call, {
        operation: "domains.remove",
        app: name,
        input: { app: name, domain },
        inverse: { operation: "domains.add", input: { app: name, domain } },
      });
    });
    await control.routes.publish();
    return { domain };
  },
});
