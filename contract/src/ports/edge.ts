// What control tells the edge: the route table (RouteTable port), whole or as what has changed since a version (route-entry.ts).
// Control writes edge/table.json (table-file.ts) and sends the same messages to every run/edge-N.sock; the version in an answer acknowledges.
import { z } from "zod";
import { DeploymentId } from "../words.ts";
import { followLogs, removeLogs } from "./log-store.ts";
import { Delta, wholeMessages } from "./route-entry.ts";

/** Where a release shows that it answers. */
export const Proof = z.object({ host: z.string(), path: z.string() });
export type Proof = z.infer<typeof Proof>;

/** What answered an edge that asked itself as a client would: its status, and the release that it came from. */
export const OwnAnswer = z.object({ status: z.number().int(), deployment: z.string().optional(), artifact: z.string().optional() });
export type OwnAnswer = z.infer<typeof OwnAnswer>;

/** A message of the table; a change may ask for a proof with it. */
export const Publication = z.discriminatedUnion("kind", [Delta.extend({ proof: Proof.optional() }), ...wholeMessages]);
export type Publication = z.infer<typeof Publication>;

export const edgeCalls = {
  /**
   * Gives the version that is served after it: another one than was sent where the message did not fit. With a proof asked for, also what
   * answers there from then on, unless that takes longer than a moment.
   */
  publish: {
    method: "PUT",
    path: "/v1/table",
    kept: true,
    input: Publication,
    output: z.object({ version: z.number().int(), answer: OwnAnswer.optional() }),
  },
  /** Requests in flight of deployments on this edge process, all together, upgraded connections included. */
  inFlight: {
    method: "POST",
    path: "/v1/in-flight",
    input: z.object({ deployments: z.array(DeploymentId) }),
    output: z.object({ requests: z.number().int() }),
  },
  /** Of deployments, each in all since this edge process began: a request that was under way for a second counts 1,000. */
  loads: {
    method: "POST",
    path: "/v1/loads",
    input: z.object({ deployments: z.array(DeploymentId) }),
    output: z.object({ since: z.string(), requestMs: z.record(z.string(), z.number()) }),
  },
  /** Of the table that is served now, made anew of all of it; absent before the first. */
  digest: { method: "GET", path: "/v1/table", input: z.object({}), output: z.object({ digest: z.string().optional() }) },
  /** Of the table that is served now, 0 before the first. Answered at once, also by an edge that serves no client yet. */
  version: { method: "GET", path: "/v1/table/version", input: z.object({}), output: z.object({ version: z.number().int() }) },
  followLogs,
  removeLogs,
  status: {
    method: "GET",
    path: "/v1/status",
    input: z.object({}),
    output: z.object({ version: z.number().int(), connections: z.number().int(), requests: z.number().int() }),
  },
} as const;
