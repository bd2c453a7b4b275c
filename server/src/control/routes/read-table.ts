// The newest route table, as PostgreSQL has it.
import type { RouteTable } from "@slipstream/contract/ports/edge.ts";
import type { Database } from "#platform/database.ts";
import { tableCertificates } from "../certificates/certificate-store.ts";
import { platformDomain } from "../control.ts";
import type { Sealing } from "../secrets/sealing.ts";
import { readRoutes } from "./route-store.ts";
import { tableOf } from "./route-table.ts";

export const tableReader =
  ({ database, sealing, proofKey }: { database: Database; sealing: Sealing; proofKey: string }) =>
  async (): Promise<RouteTable> => {
    const [routes, certificates] = await Promise.all([readRoutes(database), tableCertificates({ sealing }, database)]);
    return tableOf({ ...routes, platformHosts: [platformDomain], certificates, proofKey });
  };
