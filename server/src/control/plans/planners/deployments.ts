// What a deployment would make of an app, and what its cancellation would.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { PlanChange, PlanInterrupt, PlanQuota } from "@slipstream/contract/plan.ts";
import { type SourceManifest, saysConfig } from "@slipstream/contract/source.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import { wishedBy } from "../../access/caps.ts";
import { type AppRow, expectDestroyed, isNameFree } from "../../apps/app-store.ts";
import { nameOfAnother } from "../../apps/refusals.ts";
import { type DeploymentRow, defaultHost, hasEndedAlready, isOpen, type KeptOrigin, noDeployment, supersededBy } from "../../deployments/deployment.ts";
import { chooseName } from "../../deployments/deployment-operations.ts";
import { deploymentIn } from "../../deployments/deployment-store.ts";
import { keepSource } from "../../deployments/given-source.ts";
import { patiently } from "../../deployments/patience.ts";
import { releaseConfig } from "../../deployments/release-config.ts";
import { checkDomain, hostOfAnother } from "../../domains/domain.ts";
import { ownersOf } from "../../domains/domain-store.ts";
import { routesOf } from "../../routes/route-table.ts";
import { checkManifest } from "../../sources/source.ts";
import { noteSource } from "../../sources/source-store.ts";
import { startingInstances } from "../../workloads/scaling.ts";
import { type AppRows, readAppIfThere } from "../app-rows.ts";
import { change, configChanges, envChanges, fileChanges, routeChanges, secretChanges } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { type Planned, planner, type Reading } from "../planner.ts";
import { newRelease, quotaOf, supersededInterrupts, switchInterrupts } from "../words.ts";

type CreateInput = ParsedInputOf<"deployments.create">;

export interface DeployRows {
  fingerprint: Fingerprint;
  /** The input with its source stored and the app's name chosen. */
  input: CreateInput;
  name: string;
  /** The app, where it is there already; its name may be another tenant's. */
  app: AppRows | undefined;
  isNameFree: boolean;
  source: KeptOrigin;
  /** What it is made of and says of itself; a git source is fetched only by the deployment. */
  manifest: SourceManifest | undefined;
  config: AppConfig | undefined;
  /** What the live release is made of. */
  before: SourceManifest | undefined;
  owners: { host: string; appId: string; app: string | null }[];
  sandboxFloor: SandboxKind | undefined;
}

/** What a source says of its deployment, which only the host can read; nothing is asked where it says nothing. Throws `invalid_config`. */
const configOf = async ({ control, call }: Reading, source: Extract<KeptOrigin, { kind: "tree" }>, manifest: SourceManifest): Promise<AppConfig> => {
  const { digest, package: folder } = source;
  if (!saysConfig(manifest, folder)) return {};
  const asked = { id: call.requestId, tenant: call.tenant, source: digest, ...(folder === undefined ? {} : { package: folder }) };
  return (await patiently(call.signal, () => control.host.readConfig(asked, { signal: call.signal }))).config;
};

/** What the source is made of. It is kept from now on for longer than the plan. */
const manifestOf = async ({ control, sources, call }: Reading, source: KeptOrigin): Promise<SourceManifest | undefined> => {
  if (source.kind === "git") return undefined;
  const manifest = await sources.complete(call.tenant, source.digest);
  await noteSource(control.database, call.tenant, { digest: source.digest, ...checkManifest(manifest) });
  return manifest;
};

const hostsAsked = (name: string, { domain }: CreateInput, config: AppConfig | undefined): string[] =>
  [...new Set([domain, ...(config?.routes ?? []).map(({ host }) => host)].filter((host) => host !== undefined))].filter((host) => host !== defaultHost(name));

const rowsFor = async (query: Query, tenant: string, name: string, hosts: readonly string[]) => {
  const app = await readAppIfThere(query, tenant, name);
  return {
    app,
    fingerprint: app?.fingerprint ?? {},
    isNameFree: app === undefined && (await isNameFree(query, name)),
    owners: await ownersOf(query, tenant, hosts),
  };
};

const readDeploy = async (reading: Reading, asked: CreateInput): Promise<DeployRows> => {
  const { control, sources, call } = reading;
  const kept = await keepSource(control, sources, call, asked);
  const { source } = kept;
  const manifest = await manifestOf(reading, source);
  const config = source.kind === "git" || manifest === undefined ? undefined : await configOf(reading, source, manifest);
  const { app: name, isSuggested } = await chooseName(control, call, asked, { ...kept, config });
  // The name of a git source's app is suggested again, so that slip.toml may still say another.
  const input = { ...asked, source, ...(isSuggested ? {} : { app: name }) };
  const rows = await reading.snapshot((query) => rowsFor(query, call.tenant, name, hostsAsked(name, input, config)));
  const live = rows.app?.live?.source;
  const before = live ? sources.manifest(call.tenant, live) : undefined;
  return { ...rows, input, name, source, manifest, config, before, sandboxFloor: control.sandboxFloor };
};

const expectHosts = (hosts: readonly string[], { name, app, owners }: DeployRows): void => {
  for (const host of hosts) checkDomain(host, name);
  const foreign = owners.find(({ appId }) => appId !== app?.app.id);
  if (foreign) throw hostOfAnother(foreign.host, foreign.app ?? undefined);
};

const sourceText = (source: KeptOrigin): string =>
  source.kind === "tree" ? source.digest : `${source.url}${source.ref === undefined ? "" : `#${source.ref}`}, as it is when this is applied`;

const sourceChanges = ({ app, source, manifest, before }: DeployRows): PlanChange[] => [
  ...change("source", app?.live?.source ?? undefined, sourceText(source)),
  ...change("commit", app?.live?.commit ?? undefined, source.kind === "tree" ? source.commit : "the newest"),
  ...(manifest === undefined ? [] : fileChanges(before, manifest)),
];

/** The host names and routes that it brings, and the settings that waited for it. */
const settingChanges = (hosts: readonly string[], { app, name, config }: DeployRows, ofRelease: AppConfig | undefined): PlanChange[] => {
  const { live } = app ?? {};
  const had = app?.domains.map(({ host }) => host) ?? [];
  const has = [...new Set([...had, ...(app === undefined ? [defaultHost(name)] : []), ...hosts])];
  return [
    ...(ofRelease === undefined ? [] : configChanges(live?.config ?? {}, ofRelease)),
    ...has.filter((host) => !had.includes(host)).flatMap((host) => change(`domain ${host}`, undefined, name)),
    ...(config === undefined ? [] : routeChanges(live === undefined ? [] : routesOf(live.config, had), routesOf(config, has))),
    ...envChanges(live?.env ?? {}, app?.env ?? {}),
    ...secretChanges(live?.secretVersions ?? {}, app?.secrets ?? {}),
  ];
};

const releaseCommandInterrupt = ({ app }: DeployRows, config: AppConfig | undefined): PlanInterrupt[] => {
  const command = config?.run?.release_command;
  if (command === undefined || app?.live === undefined) return [];
  const text = typeof command === "string" ? command : command.join(" ");
  return [
    {
      what: `release ${app.live.number}, by the release command "${text}"`,
      why: "It runs before the switch, so what it changes is changed for the release that still serves.",
    },
  ];
};

const quotas = ({ app, manifest }: DeployRows, instances: number): PlanQuota[] => {
  const size = manifest === undefined ? undefined : checkManifest(manifest);
  return [
    ...(size === undefined ? [] : [quotaOf("sourceFiles", size.files), quotaOf("sourceBytes", size.sizeBytes)]),
    quotaOf("instancesMax", instances),
    quotaOf("keptReleases", Math.min((app?.releases.length ?? 0) + 1, limit("keptReleases"))),
  ];
};

/** An app that was never live has no release to go back to. */
const inverseOf = (name: string, before: AppRow | undefined): Pick<Planned, "inverse"> | object => {
  if (before === undefined) return { inverse: { operation: "apps.destroy", input: { app: name } } };
  return before.release === null ? {} : { inverse: { operation: "releases.rollback", input: { app: name, to: before.release } } };
};

const create = planner<"deployments.create", DeployRows>({
  read: readDeploy,
  plan(_, rows) {
    const { input, name, app, config, sandboxFloor } = rows;
    if (app === undefined && !rows.isNameFree) throw nameOfAnother(name);
    expectDestroyed(app?.app, false);
    const hosts = hostsAsked(name, input, config);
    expectHosts(hosts, rows);
    const ofRelease = config && releaseConfig(config, input, sandboxFloor);
    const instances = startingInstances({ asked: input.instances, app: app?.app, config: ofRelease });
    const before = app ?? { live: undefined, lastRelease: 0, open: [] };
    return {
      app: name,
      input: { ...input },
      changes: [
        ...(app === undefined ? change("app", undefined, name) : []),
        ...newRelease(before),
        ...sourceChanges(rows),
        ...change("instances", app?.live && String(app.app.serving), String(instances)),
        ...settingChanges(hosts, rows, ofRelease),
      ],
      interrupts: [...switchInterrupts(before), ...supersededInterrupts(before, supersededBy("deploy")), ...releaseCommandInterrupt(rows, ofRelease)],
      quota: quotas(rows, instances),
      wished: ofRelease && wishedBy(ofRelease),
      ...inverseOf(name, app?.app),
    };
  },
});

interface CancelRows {
  fingerprint: Fingerprint;
  deployment: DeploymentRow;
}

const cancel = planner<"deployments.cancel", CancelRows>({
  read: ({ snapshot, call }, { deployment: id }) =>
    snapshot(async (query) => {
      const deployment = await deploymentIn(query, call.tenant, id);
      if (!deployment) throw noDeployment(id);
      const app = await readAppIfThere(query, call.tenant, deployment.app);
      return { deployment, fingerprint: app?.fingerprint ?? {} };
    }),
  plan(_, { deployment }) {
    const { id, app, state, kind, request } = deployment;
    if (!isOpen(state)) throw hasEndedAlready(deployment);
    const names = [...(request.settings?.env ?? []).map((name) => `env ${name}`), ...(request.settings?.secrets ?? []).map((name) => `secret ${name}`)];
    return {
      app,
      changes: [...change(`deployment ${id}`, state, "cancelled"), ...names.flatMap((name) => change(name, "as this deployment brings it", "as before"))],
      interrupts: [{ what: `the deployment ${id} (${kind})`, why: "It is stopped; the release that is live goes on serving." }],
      quota: [],
    };
  },
  again: ({ perform, call }, { deployment }) => perform(call, "deployments.get", { deployment }),
});

export const deploymentPlanners = { "deployments.create": create, "deployments.cancel": cancel };
