// An error of the catalogue as the report of the deployment that it ended.
import type { SlipError } from "./errors.ts";
import type { FailureReport, PhaseName } from "./words.ts";

/** The catalogue speaks of any app; a report speaks of one, so that its commands can be run as they stand. */
const forApp = (action: string, app: string | undefined): string => (app === undefined ? action : action.replace(/(?<='slip [\w ]+ )APP\b/g, app));

export const failureOf = (phase: PhaseName, error: SlipError, app?: string): FailureReport => ({
  phase,
  code: error.code,
  summary: error.message,
  ...(error.details.file === undefined ? {} : { file: error.details.file }),
  ...(error.details.line === undefined ? {} : { line: error.details.line }),
  evidence: error.details.evidence ?? [],
  ...(error.details.cause === undefined ? {} : { suspectedCause: error.details.cause }),
  ...(error.details.approval === undefined ? {} : { approval: error.details.approval }),
  nextActions: error.nextActions.map((action) => forApp(action, app)),
});
