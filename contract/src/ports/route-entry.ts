// What a route table is made of: entries by key. An app is one entry, with all its hosts and targets, so that it changes as one.
import { z } from "zod";
import { DeploymentId, Digest, Hostname, InstanceId } from "../words.ts";

export const RouteTarget = z.object({ instance: InstanceId, address: z.string() });
export type RouteTarget = z.infer<typeof RouteTarget>;

/** The release that answers for an app. All its targets run the same release, so every answer is of one. */
export interface TableApp {
  tenant: string;
  project: string;
  app: string;
  deployment: string;
  commit: string;
  release: number;
  artifact: string;
  targets: readonly RouteTarget[];
  /** The instances speak HTTP/2 alone, without TLS (RFC 9113 §3.3). */
  http2?: true;
  /** The instances may be asleep when nobody has asked for them for `afterMs`; the host wakes the workload. Absent: they never are. */
  sleeps?: { workload: string; afterMs: number };
  routes: readonly TableRoute[];
}
export interface TableRoute {
  host: string;
  path: string;
}

/** `TableApp` without the names of its fields, in their order: edges hold a million of them. A workload that is null has the deployment's id. */
export const PackedApp = z.tuple([
  z.string(),
  z.string(),
  z.string(),
  DeploymentId,
  z.string(),
  z.number().int().positive(),
  Digest,
  z.array(z.tuple([InstanceId, z.string()])),
  z.boolean(),
  z.tuple([DeploymentId.nullable(), z.number()]).nullable(),
  z.array(z.tuple([z.string(), z.string()])),
]);
export type PackedApp = z.infer<typeof PackedApp>;

export const packedApp = (of: TableApp): PackedApp => {
  const { tenant, project, app, deployment, commit, release, artifact, targets, http2 = false, sleeps, routes } = of;
  const packedTargets = targets.map(({ instance, address }): [string, string] => [instance, address]);
  const packedSleeps: PackedApp[9] = sleeps ? [sleeps.workload === deployment ? null : sleeps.workload, sleeps.afterMs] : null;
  const places = routes.map(({ host, path }): [string, string] => [host, path]);
  return [tenant, project, app, deployment, commit, release, artifact, packedTargets, http2, packedSleeps, places];
};

export const unpackedApp = (packed: PackedApp): TableApp => {
  const [tenant, project, app, deployment, commit, release, artifact, targets, http2, sleeps, routes] = packed;
  return {
    tenant,
    project,
    app,
    deployment,
    commit,
    release,
    artifact,
    targets: targets.map(([instance, address]) => ({ instance, address })),
    ...(http2 ? { http2: true } : {}),
    ...(sleeps ? { sleeps: { workload: sleeps[0] ?? deployment, afterMs: sleeps[1] } } : {}),
    routes: routes.map(([host, path]) => ({ host, path })),
  };
};

/** `names`: exact, or "*.parent" for one label below it. */
export const TableCertificate = z.object({ names: z.array(z.string()), certificate: z.string(), key: z.string() });
export type TableCertificate = z.infer<typeof TableCertificate>;

export const TablePlatform = z.object({
  /** Host names whose requests go to the platform's own API, on the Unix socket run/control.sock. */
  hosts: z.array(Hostname.or(z.literal("localhost"))),
  /** A request whose `slip-prove` header is this key is answered with `slip-deployment` and `slip-artifact` headers. */
  proofKey: z.string().min(32),
});
export type TablePlatform = z.infer<typeof TablePlatform>;

/** What an entry is now; null: there is none any more. */
export const Change = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("app"), id: z.string(), value: PackedApp.nullable() }),
  z.object({ kind: z.literal("certificate"), id: z.string(), value: TableCertificate.nullable() }),
  z.object({ kind: z.literal("platform"), value: TablePlatform }),
]);
export type Change = z.infer<typeof Change>;

const WholeId = z.string().min(1);

/**
 * How a table comes to an edge. A delta says what every entry that changed after `from` is at `to`, so it fits any table from `from` on.
 * A whole table comes in parts between a beginning and an end, and counts from its end.
 */
export const Delta = z.object({ kind: z.literal("delta"), from: z.number().int().nonnegative(), to: z.number().int().nonnegative(), changes: z.array(Change) });
export type Delta = z.infer<typeof Delta>;
export const wholeMessages = [
  z.object({ kind: z.literal("begin"), whole: WholeId, version: z.number().int().nonnegative() }),
  z.object({ kind: z.literal("part"), whole: WholeId, changes: z.array(Change) }),
  z.object({ kind: z.literal("end"), whole: WholeId, entries: z.number().int().nonnegative() }),
] as const;
export const TableMessage = z.discriminatedUnion("kind", [Delta, ...wholeMessages]);
export type TableMessage = z.infer<typeof TableMessage>;
