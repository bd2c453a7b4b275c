// What an audit would mend: what it finds now, each with what becomes of it.
import type { PlanChange, PlanInterrupt } from "@slipstream/contract/plan.ts";
import { lookTwice } from "../../audit/audit.ts";
import { expectInstallation } from "../../audit/audit-operations.ts";
import { type Finding, stateOfFindings } from "../../audit/finding.ts";
import { lame } from "../../audit/mend.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { planner } from "../planner.ts";

export interface FindingRows {
  fingerprint: Fingerprint;
  /** None where nothing is to be mended. */
  findings: readonly Finding[];
}

/** What becomes of it; undefined for what is taken away. */
const mendedText = ({ kind, problem }: Finding): string | undefined => {
  if (problem === "orphan") return undefined;
  if (kind === "artifact") return "forgotten, and built again by the next deployment that needs it";
  return kind === "deployment" || kind === "release" ? "as it is: no audit mends it" : problem === "loss" ? "brought back" : "made as it should be";
};

const mended = (finding: Finding): PlanChange[] => change(`${finding.problem} ${finding.kind} ${finding.name}`, finding.detail, mendedText(finding));

const interruptsOf = (findings: readonly Finding[]): PlanInterrupt[] => [
  ...lame(findings).map((instance) => ({ what: `the instance ${instance}`, why: "It lacks something that it needs, and another takes its place." })),
  ...findings
    .filter(({ kind }) => kind === "layer")
    .map(({ name }) => ({
      what: `instances that use the layer ${name}`,
      why: "Its files are damaged; they are started again with those as they were packed.",
    })),
];

const audit = planner<"platform.audit", FindingRows>({
  async read({ control, call }, { mend }) {
    expectInstallation(call);
    const findings = mend ? (await lookTwice(control)).findings : [];
    return { findings, fingerprint: stateOfFindings(findings) };
  },
  plan: (_, { findings }) => ({ changes: findings.flatMap(mended), interrupts: interruptsOf(findings), quota: [] }),
  // It is mended as far as that came: what is left is said, and nothing is mended that was not planned.
  again: ({ perform, call }) => perform(call, "platform.audit", { mend: false }),
});

export const auditPlanners = { "platform.audit": audit };
