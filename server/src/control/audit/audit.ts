// The audit: compares what should be with what is, and mends what differs. What is under way is no finding: only what two looks,
// a moment apart, have found counts.
import { setTimeout as sleep } from "node:timers/promises";
import type { AuditFinding } from "@slipstream/contract/audit.ts";
import type { Expectation } from "../api/call.ts";
import type { Control } from "../control.ts";
import { type Finding, keyOf, steady } from "./finding.ts";
import { onMachine } from "./kinds/machine.ts";
import { inRows } from "./kinds/rows.ts";
import { inTables } from "./kinds/tables.ts";
import { inArtifacts, inLayers, inWorkloads } from "./kinds/workloads.ts";
import { type Look, look } from "./look.ts";
import { mend } from "./mend.ts";

const settleMs = 1_500;
/** A mended instance is started again, and that takes its time. */
const mendLooks = 8;

export interface Audit {
  findings: AuditFinding[];
  compared: Record<string, number>;
}

/** Everything that one look found, of every kind. Pure. */
export const findingsIn = (seen: Look, { table }: { table: string }): Finding[] => [
  ...inRows(seen),
  ...inArtifacts(seen),
  ...inLayers(seen),
  ...inWorkloads(seen),
  ...onMachine(seen, table),
  ...inTables(seen),
];

/** How many things there were of each kind. Pure. */
const comparedIn = ({ books, machine, tables }: Look): Record<string, number> => {
  const counts: Record<string, number> = { workload: books.workloads.length, artifact: books.artifacts.length, edge: tables.edges.length };
  for (const { kind } of machine.found) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};

/** The second look is left out where the first has found nothing. */
export const lookTwice = async (control: Control): Promise<{ seen: Look; findings: Finding[] }> => {
  const table = { table: `slip_${control.installation.id}` };
  const first = await look(control);
  const before = findingsIn(first, table);
  if (before.length === 0) return { seen: first, findings: [] };
  await sleep(settleMs);
  const seen = await look(control);
  return { seen, findings: steady(before, findingsIn(seen, table)) };
};

/** Rejects with `unreachable` while the host is away. */
export const audit = async (control: Control, { expects, ...options }: { mend: boolean; expects?: Expectation | undefined }): Promise<Audit> => {
  const { seen, findings } = await lookTwice(control);
  const compared = comparedIn(seen);
  if (findings.length === 0 || !options.mend) {
    if (expects) await control.database.begin((query) => expects.check(query, { state: () => ({}) }));
    return { findings: findings.map((finding) => ({ ...finding, mended: false })), compared };
  }
  await mend(control, { findings, now: seen, expects });
  let left = (await lookTwice(control)).findings;
  for (let looks = 1; left.length > 0 && looks < mendLooks; looks += 1) left = (await lookTwice(control)).findings;
  const still = new Set(left.map(keyOf));
  return { findings: findings.map((finding) => ({ ...finding, mended: !still.has(keyOf(finding)) })), compared };
};
