import type { Database } from "#platform/database.ts";
import { coveredApps } from "../access/coverage.ts";
import { isScoped } from "../access/decide.ts";
import type { Call, Handlers } from "../api/call.ts";
import { firstTenant } from "../apps/app-store.ts";
import { addressOf, type Control, platformDomain } from "../control.ts";
import { startingApps, tableVersion } from "../routes/route-store.ts";

const hostMs = 2_000;

/** The host's own state, which names the workloads of all: for the installation's own tenant alone, the whole of it. Absent while it is being started again. */
const hostStatus = (control: Control, { tenant, token }: Call) =>
  tenant === firstTenant && !isScoped(token.grant) ? control.host.status({}, { timeoutMs: hostMs }).catch(() => undefined) : undefined;

interface AppStatus {
  name: string;
  isLive: boolean;
  /** Deployments that have not ended. */
  open: number;
}
const statusOfApps = (database: Database, { tenant, token }: Call): Promise<AppStatus[]> => database<AppStatus[]>`
  select a.name, a.live_deployment is not null as is_live,
    (select count(*) from deployments d where d.app_id = a.id and d.state in ('waiting', 'running'))::int as open
  from apps a where a.tenant = ${tenant} and a.destroyed_at is null and ${coveredApps(database, token.grant)}`;

export const platformOperations = (control: Control): Pick<Handlers, "platform.status" | "platform.trust"> => ({
  async "platform.status"(_, call) {
    const { database, installation, version } = control;
    const [apps, table, host] = await Promise.all([statusOfApps(database, call), tableVersion(database), hostStatus(control, call)]);
    const live = apps.filter(({ isLive }) => isLive).map(({ name }) => name);
    return {
      version,
      installation: installation.id,
      url: addressOf(installation, platformDomain),
      httpPort: installation.httpPort,
      httpsPort: installation.httpsPort,
      domain: platformDomain,
      apps: apps.length,
      appsStarting: control.routes.hasServed ? await startingApps(database, call.tenant, live) : live.length,
      deploymentsOpen: apps.reduce((sum, { open }) => sum + open, 0),
      tableVersion: table,
      ...(host === undefined ? {} : { host }),
    };
  },

  async "platform.trust"() {
    return { certificate: control.authority.certificate, fingerprint: control.authority.fingerprint };
  },
});
