// Phase "allocate": the host names that the release will have, and their certificates.
import { ensureCertificate } from "../../certificates/certificate-store.ts";
import { checkDomain } from "../../domains/domain.ts";
import { claimDomain } from "../../domains/domain-store.ts";
import { defaultHost } from "../deployment.ts";
import type { Step } from "./step.ts";

/** Host names that this deployment brings are taken for the app now, and let go again when it fails. */
export const allocate: Step = async (run) => {
  const { control, row } = run;
  run.enter("allocate");
  const routes = row.config?.routes ?? [];
  const asked = new Set([row.request.domain, ...routes.map((route) => route.host)].filter((host) => host !== undefined));
  asked.delete(defaultHost(row.app));
  for (const host of asked) {
    checkDomain(host, row.app);
    await claimDomain(control.database, { host, tenant: row.tenant, appId: row.appId, broughtBy: row.id, isGranted: row.request.caps !== undefined });
    await ensureCertificate(control, control.database, host);
  }
};
