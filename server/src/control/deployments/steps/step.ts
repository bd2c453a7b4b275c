// What a step of a deployment is: idempotent, and either it comes to its end or it throws why the deployment fails.
import type { FailureReport } from "@slipstream/contract/words.ts";
import type { Run } from "../run.ts";

export type Step = (run: Run) => Promise<void>;

/** Ends the deployment with the report that another process made. */
export class DeploymentFailed extends Error {
  readonly failure: FailureReport;
  constructor(failure: FailureReport) {
    super(failure.summary);
    this.failure = failure;
  }
}

/** Ends the deployment because somebody asked for that. */
export class DeploymentCancelled extends Error {}
