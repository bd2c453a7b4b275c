// An error of the catalogue becomes the report of a failed build.
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { FailureReport } from "@slipstream/contract/words.ts";

export const failureOf = (error: SlipError): FailureReport => ({
  phase: "build",
  code: error.code,
  summary: error.message,
  ...(error.details.file === undefined ? {} : { file: error.details.file }),
  ...(error.details.line === undefined ? {} : { line: error.details.line }),
  evidence: error.details.evidence ?? [],
  nextActions: [error.next],
});
