import { z } from "zod";
import { ProjectName } from "../access.ts";
import { limit } from "../limits.ts";
import { SourceChange } from "../source.ts";
import { AppName, Deployment, DeploymentId, Digest, Hostname, Release, SandboxKind, SourceOrigin } from "../words.ts";
import { operation } from "./operation.ts";
import { pageOf } from "./page.ts";

const byId = z.object({ deployment: DeploymentId });
const byApp = z.object({ app: AppName });

export const sources = {
  "sources.check": operation({
    name: "sources.check",
    summary: "Name a source tree by its manifest, or by what differs from one named before; answers which files' contents are not there yet.",
    method: "POST",
    path: "/v1/sources",
    input: SourceChange,
    output: z.object({ source: Digest, missing: z.array(z.string()) }),
    permission: "deploy",
    effect: "write",
    notPlanned: "Contents are named by their hash, and nothing is made of them until a deployment names them.",
    errors: ["source_missing", "source_empty", "source_unsafe", "too_large", "disk_full"],
  }),
  "sources.upload": operation({
    name: "sources.upload",
    summary: "Send the content of one file; its SHA-256 is checked.",
    method: "PUT",
    path: "/v1/sources/blobs/{sha256}",
    body: "bytes",
    input: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    output: z.object({ sizeBytes: z.int() }),
    permission: "deploy",
    effect: "write",
    notPlanned: "Contents are named by their hash, and nothing is made of them until a deployment names them.",
    errors: ["too_large", "invalid_input", "disk_full"],
  }),
  "sources.uploadMany": operation({
    name: "sources.uploadMany",
    summary: "Send the contents of many small files, each after its length as four bytes, the highest first; they are named by their SHA-256.",
    method: "POST",
    path: "/v1/sources/blobs",
    body: "bytes",
    input: z.object({}),
    output: z.object({ contents: z.int(), sizeBytes: z.int() }),
    permission: "deploy",
    effect: "write",
    notPlanned: "Contents are named by their hash, and nothing is made of them until a deployment names them.",
    errors: ["too_large", "invalid_input", "disk_full"],
  }),
};

export const deployments = {
  "deployments.create": operation({
    name: "deployments.create",
    summary: "Make a source live as a new release of an app; the app is made when it is new.",
    method: "POST",
    path: "/v1/deployments",
    input: z.object({
      /**
       * Else that of the deployment that is the base, else the name in slip.toml, else `suggestedName` (of the folder or repository) made
       * into a valid one; files and snippets that nothing names get a new name.
       */
      app: AppName.optional(),
      suggestedName: z.string().max(1_024).optional(),
      /** Of an app that is new; else it must be the one that the app is in. */
      project: ProjectName.optional(),
      source: SourceOrigin,
      domain: Hostname.optional(),
      sandbox: SandboxKind.optional(),
      instances: z.int().min(1).max(32).optional(),
    }),
    output: Deployment,
    permission: "deploy",
    effect: "write",
    errors: [
      "invalid_input",
      "invalid_config",
      "not_found",
      "conflict",
      "source_empty",
      "source_unsafe",
      "source_missing",
      "git_refused",
      "too_large",
      "disk_full",
    ],
  }),
  "deployments.get": operation({
    name: "deployments.get",
    summary: "Show one deployment.",
    method: "GET",
    path: "/v1/deployments/{deployment}",
    input: byId,
    output: Deployment,
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "deployments.watch": operation({
    name: "deployments.watch",
    summary: "Follow a deployment: a line now, one at each change, the last when it has ended.",
    method: "GET",
    path: "/v1/deployments/{deployment}/events",
    answer: "lines",
    input: byId,
    output: Deployment,
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "deployments.wait": operation({
    name: "deployments.wait",
    summary: "Wait for the end of a deployment; answers when it has ended, or with its present state when the time is over.",
    method: "GET",
    path: "/v1/deployments/{deployment}/wait",
    input: byId.extend({ timeoutMs: z.coerce.number().int().min(0).max(limit("waitMs")).default(30_000) }),
    output: Deployment,
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "deployments.list": operation({
    name: "deployments.list",
    summary: "List the deployments of an app, newest first.",
    method: "GET",
    path: "/v1/apps/{app}/deployments",
    input: byApp.extend(pageOf(DeploymentId)),
    output: z.object({ deployments: z.array(Deployment) }),
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "deployments.cancel": operation({
    name: "deployments.cancel",
    summary: "Stop a deployment that has not ended; what it made is removed, the old release stays.",
    method: "POST",
    path: "/v1/deployments/{deployment}/cancel",
    input: byId,
    output: Deployment,
    permission: "deploy",
    effect: "write",
    errors: ["not_found", "conflict"],
  }),
};

export const releases = {
  "releases.list": operation({
    name: "releases.list",
    summary: "List the releases of an app, newest first.",
    method: "GET",
    path: "/v1/apps/{app}/releases",
    input: byApp,
    output: z.object({ releases: z.array(Release) }),
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "releases.rollback": operation({
    name: "releases.rollback",
    summary: "Make an earlier release live again, whole: artifact, configuration, secret versions, routes.",
    method: "POST",
    path: "/v1/apps/{app}/rollback",
    input: byApp.extend({ to: z.int().positive().optional() }),
    output: Deployment,
    permission: "deploy",
    effect: "write",
    errors: ["not_found", "nothing_to_roll_back"],
  }),
};
