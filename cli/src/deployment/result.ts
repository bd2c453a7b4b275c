// What `slip deploy` and the other commands that deploy say at the end.
import type { ErrorCode, SlipError } from "@slipstream/contract/errors.ts";
import { failureOf } from "@slipstream/contract/failure.ts";
import type { Deployment, FailureReport, Phase } from "@slipstream/contract/words.ts";
import type { ExitCode } from "../command.ts";

export interface DeployResult {
  app: string | null;
  project: string | null;
  deployment: string | null;
  release: number | null;
  artifact: string | null;
  url: string | null;
  outcome: "live" | "failed" | "cancelled";
  phases: Phase[];
  /** What the build has noticed of the source; absent where that is nothing. */
  notes?: readonly string[];
  failure?: FailureReport;
}

export type Ended = Deployment & { state: DeployResult["outcome"] };
export const hasEnded = (deployment: Deployment): deployment is Ended => deployment.state !== "waiting" && deployment.state !== "running";

export const resultOf = (deployment: Ended): DeployResult => ({
  app: deployment.app,
  project: deployment.project,
  deployment: deployment.deployment,
  release: deployment.release ?? null,
  artifact: deployment.artifact ?? null,
  url: deployment.url ?? null,
  outcome: deployment.state,
  phases: deployment.phases.map(({ name, ms }) => ({ name, ms: Math.round(ms * 10) / 10 })),
  ...(deployment.notes === undefined ? {} : { notes: deployment.notes }),
  ...(deployment.failure === undefined ? {} : { failure: deployment.failure }),
});

/** A result of something that the platform never heard of. */
const unheard = (app: string | undefined, outcome: DeployResult["outcome"], failure?: FailureReport): DeployResult => ({
  app: app ?? null,
  project: null,
  deployment: null,
  release: null,
  artifact: null,
  url: null,
  outcome,
  phases: [],
  ...(failure === undefined ? {} : { failure }),
});

/** The result of a deployment that was cancelled before the platform knew of it. */
export const cancelledEarly = (app: string | undefined): DeployResult => unheard(app, "cancelled");

/** Errors that the source itself causes: the deployment has failed, in its first phase. */
const ofSource: ReadonlySet<ErrorCode> = new Set([
  "source_missing",
  "source_empty",
  "source_unsafe",
  "too_large",
  "git_unreachable",
  "git_ref_unknown",
  "git_refused",
  "invalid_config",
  "disk_full",
]);

/** The result of a deployment that an error ended before the platform made one; undefined for errors that are not about it. */
export const failedEarly = (app: string | undefined, error: SlipError): DeployResult | undefined =>
  ofSource.has(error.code) ? unheard(app, "failed", failureOf("source", error)) : undefined;

export const exitCodeOf = (outcome: DeployResult["outcome"]): ExitCode => ({ live: 0, failed: 1, cancelled: 3 })[outcome] as ExitCode;
