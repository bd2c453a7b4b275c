// Mends what an audit has found: by the parts that bring the platform to its desired state anyway, and for the rest by taking away
// what nothing needs. A release that is kept, and what runs, loses nothing by it.
import { MachineKind } from "@slipstream/contract/audit.ts";
import type { MachineThing } from "@slipstream/contract/ports/inspection.ts";
import type { Query } from "#platform/database.ts";
import type { Expectation } from "../api/call.ts";
import { lockApp } from "../apps/app-store.ts";
import { forgetArtifact } from "../builds/build-store.ts";
import type { Control } from "../control.ts";
import { openOfApp } from "../deployments/deployment-store.ts";
import { dropDomains } from "../domains/domain-store.ts";
import { dropUnlived, liveRelease } from "../releases/release-store.ts";
import { pointRoutes } from "../routes/pointing.ts";
import { removeRoutes, renewTable } from "../routes/route-store.ts";
import { reconcile } from "../workloads/reconcile.ts";
import { dropWorkload, retireWorkload } from "../workloads/workload-store.ts";
import { type Finding, stateOfFindings } from "./finding.ts";
import type { Look } from "./look.ts";

/** Routes to what is live; without a live release the app has none. What has begun meanwhile sees to its own. */
const routeAnew = async (query: Query, { appId, live }: { appId: string; live: string | null }): Promise<void> => {
  await lockApp(query, appId);
  if ((await openOfApp(query, appId)).length > 0) return;
  const release = await liveRelease(query, appId);
  if (release && live !== null) await pointRoutes(query, { appId, deployment: live, release });
  else await removeRoutes(query, appId);
};

const mendRows = async (query: Query, { books }: Look): Promise<void> => {
  for (const { deployment } of books.unlived) await dropUnlived(query, deployment);
  for (const { deployment } of books.strayDomains) await dropDomains(query, deployment);
  for (const { id, destroyed } of books.strayWorkloads) await (destroyed ? dropWorkload(query, id) : retireWorkload(query, id));
  for (const app of new Map([...books.strayRoutes, ...books.unrouted].map((it) => [it.appId, it])).values()) await routeAnew(query, app);
};

/** What is gone is built again by the next deployment that needs it. */
const forgetArtifacts = async (query: Query, { books, machine }: Look): Promise<void> => {
  for (const { tenant, artifact } of books.artifacts) if (machine.incomplete.includes(artifact)) await forgetArtifact(query, tenant, artifact);
};

const machineThings = (findings: readonly Finding[]): MachineThing[] =>
  findings.flatMap(({ kind, problem, name }) => {
    const known = MachineKind.safeParse(kind);
    return known.success && (problem === "orphan" || known.data === "table") ? [{ kind: known.data, name }] : [];
  });

/** Names of instances that lack something without which they cannot go on. */
export const lame = (findings: readonly Finding[]): string[] => [
  ...new Set(findings.flatMap(({ kind, problem, name }) => (problem === "loss" && name.startsWith("ins_") && kind !== "artifact" ? [name] : []))),
];

interface Mending {
  findings: readonly Finding[];
  /** The look that they are of. */
  now: Look;
  /** No lock holds a machine: what a plan expects is asked of the look, before anything of it is mended. */
  expects: Expectation | undefined;
}

export const mend = async (control: Control, { findings, now, expects }: Mending): Promise<void> => {
  await control.database.begin(async (query) => {
    await expects?.check(query, { state: () => stateOfFindings(findings) });
    await mendRows(query, now);
    await forgetArtifacts(query, now);
    if (findings.some(({ kind }) => kind === "route")) await renewTable(query);
  });
  const [things, instances] = [machineThings(findings), lame(findings)];
  const { incomplete: artifacts, changed } = now.machine;
  const layers = changed.map(({ layer }) => layer);
  if (things.length + instances.length + artifacts.length + layers.length > 0) await control.host.sweep({ things, instances, artifacts, layers });
  await reconcile(control);
};
