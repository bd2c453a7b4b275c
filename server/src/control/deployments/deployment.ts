// What a deployment is, as pure rules over its row.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { LogTags } from "@slipstream/contract/logs.ts";
import type { Deployment, DeploymentKind, DeploymentState, FailureReport, Phase, PhaseName, SandboxKind, SourceOrigin } from "@slipstream/contract/words.ts";
import type { Installation } from "#platform/installation.ts";
import type { Caps } from "../access/caps.ts";
import { addressOf, platformDomain } from "../control.ts";

export interface ChangedSettings {
  env: readonly string[];
  secrets: readonly string[];
}

/** A source as a deployment names it: what stood in the call has become a tree. */
export type KeptOrigin = Extract<SourceOrigin, { kind: "tree" | "git" }>;

/** Who a deployment was asked by, for what a person has to be asked later. */
export interface DeploymentAsker {
  actor: string;
  person: string | null;
  giverVerbs: readonly string[];
}

/** What was asked for, as it is kept. */
export interface DeploymentRequest {
  source?: KeptOrigin;
  domain?: string;
  sandbox?: SandboxKind;
  instances?: number;
  /** The app's name was made of the folder's or repository's; slip.toml may know better. */
  isSuggested?: boolean;
  /** The release that a rollback goes to. */
  to?: number;
  /** Names of the settings that changed with it: they go back when it does not become live. */
  settings?: ChangedSettings;
  /** Of one that was asked for with a grant: what that allows at most. */
  caps?: Caps;
  /** Of one whose slip.toml is held against that only once it is fetched. */
  asker?: DeploymentAsker;
}

export interface DeploymentRow {
  id: string;
  appId: string;
  tenant: string;
  kind: DeploymentKind;
  state: DeploymentState;
  phase: PhaseName | null;
  phases: Phase[];
  request: DeploymentRequest;
  config: AppConfig | null;
  source: string | null;
  commit: string | null;
  artifact: string | null;
  releaseId: string | null;
  release: number | null;
  workload: string | null;
  /** The grant with which it was asked for. */
  grantId: string | null;
  cancelRequestedAt: Date | null;
  failure: FailureReport | null;
  /** What the build has noticed of the source. */
  notes: string[];
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  app: string;
  project: string;
  liveDeployment: string | null;
}

/** The tags of its lines; no instance wrote them. */
export const tagsOf = (row: Pick<DeploymentRow, "id" | "tenant" | "project" | "app" | "commit">): LogTags => ({
  tenant: row.tenant,
  project: row.project,
  app: row.app,
  deployment: row.id,
  commit: row.commit ?? "",
  instance: "",
});

/** A deployment of another tenant is not there. */
export const noDeployment = (id: string): SlipError =>
  new SlipError("not_found", `There is no deployment ${id}.`, { next: "List them with 'slip deployments APP'." });

export const hasEndedAlready = ({ id, state, app }: Pick<DeploymentRow, "id" | "state" | "app">): SlipError =>
  new SlipError("conflict", `The deployment ${id} has ended already: it is ${state}.`, {
    next: state === "live" ? `Go back to the release before with 'slip rollback ${app}'.` : `See what there is with 'slip deployments ${app}'.`,
  });

export const isOpen = (state: DeploymentState): boolean => state === "waiting" || state === "running";

/** Settings of a deployment and of those whose place it takes. */
export const joinSettings = (all: readonly (ChangedSettings | undefined)[]): ChangedSettings => ({
  env: [...new Set(all.flatMap((settings) => settings?.env ?? []))],
  secrets: [...new Set(all.flatMap((settings) => settings?.secrets ?? []))],
});

const replaces: Record<DeploymentKind, readonly DeploymentKind[]> = {
  deploy: ["deploy", "rollback", "config", "restart"],
  rollback: ["deploy", "rollback", "config", "restart"],
  config: ["config", "restart"],
  restart: ["restart"],
  restore: ["restore"],
};
/** The kinds of waiting deployments that have no purpose any more once one of `kind` was asked for. */
export const supersededBy = (kind: DeploymentKind): readonly DeploymentKind[] => replaces[kind];

/** A name that an app can have, made of a folder's or repository's name; undefined when nothing of it can be used. */
export const nameFrom = (suggested: string): string | undefined => {
  const name = suggested
    .toLowerCase()
    .replace(/\.git$/, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return name === "" ? undefined : name;
};

/** The host name that an app always has. */
export const defaultHost = (app: string): string => `${app}.${platformDomain}`;

const present = <T extends object>(values: { [K in keyof T]?: T[K] | null | undefined }): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined)) as Partial<T>;

type Told = Omit<DeploymentRow, "appId" | "config" | "releaseId" | "workload" | "grantId" | "cancelRequestedAt" | "startedAt" | "liveDeployment">;

/** The row as clients see it. */
export const toDeployment = (row: Told, installation: Pick<Installation, "httpsPort">): Deployment => ({
  deployment: row.id,
  app: row.app,
  project: row.project,
  tenant: row.tenant,
  kind: row.kind,
  state: row.state,
  phases: row.phases,
  createdAt: row.createdAt.toISOString(),
  ...present<Deployment>({
    phase: isOpen(row.state) ? row.phase : undefined,
    release: row.release,
    artifact: row.artifact,
    source: row.source,
    commit: row.commit,
    url: addressOf(installation, row.request.domain ?? defaultHost(row.app)),
    failure: row.failure,
    notes: row.notes.length === 0 ? undefined : row.notes,
    endedAt: row.endedAt?.toISOString(),
  }),
});
