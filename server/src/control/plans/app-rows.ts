// All that plans of an app are made of, as rows of one moment.
import type { DeploymentKind, DeploymentState } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import { type AppRow, appNamed, findApp, livingApp } from "../apps/app-store.ts";
import { liveHistory } from "../deployments/deployment-store.ts";
import { type DomainRow, domainsOf } from "../domains/domain-store.ts";
import { envValues } from "../env/env-store.ts";
import type { ReleaseRow } from "../releases/release.ts";
import { type ListedRelease, liveRelease, releasesOfApp } from "../releases/release-store.ts";
import { lastVersionsOf, secretVersions } from "../secrets/secret-store.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { fingerprintOfId } from "./fingerprint-store.ts";
import type { Reading } from "./planner.ts";

export interface OpenRow {
  id: string;
  kind: DeploymentKind;
  state: DeploymentState;
}

export interface AppRows {
  app: AppRow;
  live: ReleaseRow | undefined;
  lastRelease: number;
  env: Record<string, string>;
  secrets: Record<string, number>;
  /** The newest version that each name ever had: the next one counts on from it. */
  lastVersions: Record<string, number>;
  domains: Pick<DomainRow, "host" | "isDefault">[];
  open: OpenRow[];
  /** Those that were live, newest first. */
  releases: ListedRelease[];
  history: { kind: DeploymentKind; release: number }[];
  fingerprint: Fingerprint;
}

const openRows = (query: Query, appId: string): Promise<OpenRow[]> =>
  query<OpenRow[]>`select id, kind, state from deployments where app_id = ${appId} and state in ('waiting', 'running') order by id`;

export const rowsOf = async (query: Query, app: AppRow): Promise<AppRows> => {
  const [live, env, secrets, lastVersions, domains, open, releases, history, fingerprint] = await Promise.all([
    liveRelease(query, app.id),
    envValues(query, app.id),
    secretVersions(query, app.id),
    lastVersionsOf(query, app.id),
    domainsOf(query, app.id),
    openRows(query, app.id),
    releasesOfApp(query, app.id),
    liveHistory(query, app.tenant, app.name),
    fingerprintOfId(query, app.id),
  ]);
  return { app, live, lastRelease: Number(fingerprint["last release"]), env, secrets, lastVersions, domains, open, releases, history, fingerprint };
};

/** Throws `not_found`, and `conflict` for one that was destroyed. */
export const readApp = ({ snapshot, call }: Reading, name: string): Promise<AppRows> =>
  snapshot(async (query) => rowsOf(query, await livingApp(query, call.tenant, name)));

/** One that was destroyed and is still kept, too. Throws `not_found`. */
export const readKeptApp = ({ snapshot, call }: Reading, name: string): Promise<AppRows> =>
  snapshot(async (query) => rowsOf(query, await appNamed(query, call.tenant, name)));

export const readAppIfThere = async (query: Query, tenant: string, name: string): Promise<AppRows | undefined> => {
  const app = await findApp(query, tenant, name);
  return app && rowsOf(query, app);
};
