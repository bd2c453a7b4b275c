// What control tells the edge: the route table (RouteTable port), as one versioned value.
// Control writes edge/table.json (table-file.ts; fsync, rename), then PUTs the table to every run/edge-N.sock; an answer is the acknowledgement.
import { createHash } from "node:crypto";
import { z } from "zod";
import { DeploymentId, Digest, Hostname, InstanceId } from "../words.ts";
import { removeLogs } from "./log-store.ts";

export const RouteTarget = z.object({ instance: InstanceId, address: z.string() });
export type RouteTarget = z.infer<typeof RouteTarget>;

/** The release that answers at a path of a host. All its targets run the same release, so every answer is of one. */
export const TableRoute = z.object({
  path: z.string(),
  tenant: z.string(),
  project: z.string(),
  app: z.string(),
  deployment: DeploymentId,
  commit: z.string(),
  release: z.number().int().positive(),
  artifact: Digest,
  targets: z.array(RouteTarget),
  /** The instances speak HTTP/2 alone, without TLS (RFC 9113 §3.3). */
  http2: z.literal(true).optional(),
  /** The instances may be asleep when nobody has asked for them for `afterMs`; the host wakes the workload. Absent: they never are. */
  sleeps: z.object({ workload: DeploymentId, afterMs: z.number() }).optional(),
});
export type TableRoute = z.infer<typeof TableRoute>;

/** `hosts`: exact names to their routes, longest path first. `certificates`: exact names, or "*.parent" for one label below it. */
export const RouteTable = z.object({
  version: z.number().int().nonnegative(),
  /** Host names whose requests go to the platform's own API, on the Unix socket run/control.sock. */
  platformHosts: z.array(Hostname.or(z.literal("localhost"))),
  hosts: z.record(z.string(), z.array(TableRoute)),
  certificates: z.record(z.string(), z.object({ certificate: z.string(), key: z.string() })),
  /** A request whose `slip-prove` header is this key is answered with `slip-deployment` and `slip-artifact` headers. */
  proofKey: z.string().min(32),
});
export type RouteTable = z.infer<typeof RouteTable>;

/** What names a table: the same for the same, wherever it is. */
export const tableDigest = (table: RouteTable): string => createHash("sha256").update(JSON.stringify(table)).digest("hex");

export const edgeCalls = {
  publish: { method: "PUT", path: "/v1/table", input: RouteTable, output: z.object({ version: z.number().int() }) },
  /** Requests in flight of one deployment on this edge process, upgraded connections included. */
  inFlight: { method: "GET", path: "/v1/in-flight/:id", input: z.object({ id: z.string() }), output: z.object({ requests: z.number().int() }) },
  /** Of deployments, each in all since this edge process began: a request that was under way for a second counts 1,000. */
  loads: {
    method: "POST",
    path: "/v1/loads",
    input: z.object({ deployments: z.array(DeploymentId) }),
    output: z.object({ since: z.string(), requestMs: z.record(z.string(), z.number()) }),
  },
  /** Of the table that is served now; absent before the first. */
  digest: { method: "GET", path: "/v1/table", input: z.object({}), output: z.object({ digest: z.string().optional() }) },
  /** Of the table that is served now, 0 before the first. Answered at once, also by an edge that serves no client yet. */
  version: { method: "GET", path: "/v1/table/version", input: z.object({}), output: z.object({ version: z.number().int() }) },
  removeLogs,
  status: {
    method: "GET",
    path: "/v1/status",
    input: z.object({}),
    output: z.object({ version: z.number().int(), connections: z.number().int(), requests: z.number().int() }),
  },
} as const;
