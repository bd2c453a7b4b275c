import { z } from "zod";
import { AuditFinding } from "../audit.ts";
import { LogLine, LogSource } from "../logs.ts";
import { HostStatus } from "../ports/host.ts";
import { AppName, DeploymentId } from "../words.ts";
import { flag, operation } from "./operation.ts";

export const platform = {
  "platform.status": operation({
    name: "platform.status",
    summary: "Show what the platform runs and where it answers.",
    method: "GET",
    path: "/v1/status",
    input: z.object({}),
    output: z.object({
      version: z.string(),
      installation: z.string(),
      url: z.string(),
      httpPort: z.int(),
      httpsPort: z.int(),
      domain: z.string(),
      apps: z.int(),
      /** Live apps whose instances are being started: requests to them are answered with 503 until then. */
      appsStarting: z.int(),
      deploymentsOpen: z.int(),
      tableVersion: z.int(),
      host: HostStatus.optional(),
    }),
    permission: "read",
    effect: "read",
    errors: [],
  }),
  "platform.trust": operation({
    name: "platform.trust",
    summary: "The certificate of the local authority, to trust it.",
    method: "GET",
    path: "/v1/trust",
    input: z.object({}),
    output: z.object({ certificate: z.string(), fingerprint: z.string() }),
    permission: "read",
    effect: "read",
    errors: [],
  }),
  "platform.audit": operation({
    name: "platform.audit",
    summary: "Compare what should be with what is: database, artifacts, instances, networks, routes, files. Mends what differs, when asked to.",
    method: "POST",
    path: "/v1/audit",
    input: z.object({ mend: z.boolean().default(false) }),
    output: z.object({
      /** What is still there in the end, and what was mended. */
      findings: z.array(AuditFinding),
      /** How many things of each kind were compared. */
      compared: z.record(z.string(), z.int()),
    }),
    permission: "administer",
    effect: "write",
    errors: ["forbidden", "unreachable"],
  }),
  "logs.read": operation({
    name: "logs.read",
    summary: "Read the lines of an app, oldest first, of releases that are gone too; follow them as they come.",
    method: "GET",
    path: "/v1/apps/{app}/logs",
    answer: "lines",
    input: z.object({
      app: AppName,
      /** Several with commas; default: runtime. */
      source: z
        .string()
        .transform((text) => text.split(","))
        .pipe(z.array(LogSource))
        .optional(),
      deployment: DeploymentId.optional(),
      /** ISO 8601 time; default: the last `limit` lines. */
      since: z.iso.datetime().optional(),
      /** Lines that contain this text. */
      grep: z.string().max(1_024).optional(),
      limit: z.coerce.number().int().min(1).max(100_000).default(1_000),
      follow: flag.default(false),
    }),
    output: LogLine,
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
};
