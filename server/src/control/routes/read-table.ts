// The newest route table, as PostgreSQL has it.
import type { RouteTable } from "@slipstream/contract/ports/edge.ts";
import type { Database } from "#platform/database.ts";
import { tableCertificates } from "../certificates/certificate-store.ts";
import type { Control } from "../control.ts";
import { platformDomain } from "../control.ts";
import { readRoutes } from "./route-store.ts";
import { tableOf } from "./route-table.ts";

export const tableReader =
  ({ database, sealing, proofKey }: { database: Database; sealing: Control["sealing"]; proofKey: string }) =>
  async (): Promise<RouteTable> => {
    const [routes, certificates] = await Promise.all([readRoutes(database), tableCertificates({ sealing }, database)]);
    return tableOf({ ...routes, platformHosts: [platformDomain], certificates, proofKey });
  };
