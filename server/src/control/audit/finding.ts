// One thing that is not as it should be, before anybody has mended it.
import type { AuditFinding } from "@slipstream/contract/audit.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";

export type Finding = Omit<AuditFinding, "mended">;

/** What plans of mending remember: that each was found. Pure. */
export const stateOfFindings = (findings: readonly Finding[]): Fingerprint =>
  Object.fromEntries(findings.map(({ problem, kind, name }) => [`${problem} ${kind} ${name}`, "found"]));

export const keyOf = ({ kind, problem, name }: Finding): string => `${kind} ${problem} ${name}`;

/** What both looks found: the rest was under way. Pure. */
export const steady = (before: readonly Finding[], after: readonly Finding[]): Finding[] => {
  const known = new Set(before.map(keyOf));
  return after.filter((finding) => known.has(keyOf(finding)));
};
