import type { Handlers } from "../api/call.ts";
import { firstTenant } from "../apps/app-store.ts";
import { addressOf, type Control, platformDomain } from "../control.ts";
import { journalOf } from "../journal/journal-store.ts";
import { tableVersion } from "../routes/route-store.ts";
import { startingApps } from "../routes/route-table.ts";

const hostMs = 2_000;

/** The host's own state, which names the workloads of all: for the installation's own tenant alone. Absent while it is being started again. */
const hostStatus = (control: Control, tenant: string) =>
  tenant === firstTenant ? control.host.status({}, { timeoutMs: hostMs }).catch(() => undefined) : undefined;

export const platformOperations = (control: Control): Pick<Handlers, "platform.status" | "platform.trust" | "journal.list"> => ({
  async "platform.status"(_, call) {
    const { database, installation, version } = control;
    const [counts, table, host] = await Promise.all([
      database<{ apps: number; live: number; open: number }[]>`
        select (select count(*) from apps where tenant = ${call.tenant})::int as apps,
          (select count(*) from apps where tenant = ${call.tenant} and live_deployment is not null)::int as live,
          (select count(*) from deployments where tenant = ${call.tenant} and state in ('waiting', 'running'))::int as open`,
      tableVersion(database),
      hostStatus(control, call.tenant),
    ]);
    return {
      version,
      installation: installation.id,
      url: addressOf(installation, platformDomain),
      httpPort: installation.httpPort,
      httpsPort: installation.httpsPort,
      domain: platformDomain,
      apps: counts[0]?.apps ?? 0,
      appsStarting: control.routes.current ? startingApps(control.routes.current, call.tenant) : (counts[0]?.live ?? 0),
      deploymentsOpen: counts[0]?.open ?? 0,
      tableVersion: table,
      ...(host === undefined ? {} : { host }),
    };
  },

  async "platform.trust"() {
    return { certificate: control.authority.certificate, fingerprint: control.authority.fingerprint };
  },

  async "journal.list"(page, call) {
    return { entries: await journalOf(control.database, call.tenant, page) };
  },
});
