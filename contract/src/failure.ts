// An error of the catalogue as the report of the deployment that it ended.
import type { SlipError } from "./errors.ts";
import type { FailureReport, PhaseName } from "./words.ts";

export const failureOf = (phase: PhaseName, error: SlipError): FailureReport => ({
  phase,
  code: error.code,
  summary: error.message,
  ...(error.details.file === undefined ? {} : { file: error.details.file }),
  ...(error.details.line === undefined ? {} : { line: error.details.line }),
  evidence: error.details.evidence ?? [],
  nextActions: [error.next],
});
