// What `slip doctor --deep` shows of an audit.
import type { AuditFinding } from "@slipstream/contract/audit.ts";
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Invocation } from "../../command.ts";

const line = ({ screen }: Invocation, { kind, problem, name, detail, mended }: AuditFinding): string => {
  const { green, red, dim } = screen.colours;
  const word = mended ? "mended" : "found";
  if (!screen.terminal) return [word, problem, kind, name, detail].join("\t");
  return `${mended ? green("✓") : red("✗")} ${`${problem}: ${kind}`.padEnd(26)} ${name}  ${dim(`${detail}${mended ? " Mended." : ""}`)}`;
};

const countOf = (compared: Readonly<Record<string, number>>): number => Object.values(compared).reduce((sum, count) => sum + count, 0);

/** Gives 1 when something is left that is not as it should be. */
export const tellAudit = (call: Invocation, audit: OutputOf<"platform.audit">): 0 | 1 => {
  const { screen, options } = call;
  const left = audit.findings.filter(({ mended }) => !mended).length;
  if (screen.json) screen.data(audit);
  else {
    for (const finding of audit.findings) screen.print(line(call, finding));
    const mended = audit.findings.length - left;
    screen.note(`${countOf(audit.compared)} things were compared: ${left} found${options.dryRun ? "" : ` that could not be mended, ${mended} mended`}.`);
    if (audit.findings.some(({ kind, problem, mended: isMended }) => kind === "artifact" && problem === "loss" && !isMended))
      screen.note("next: Deploy the apps that are named again; or put oci/ back from the backup of SLIP_HOME while the platform is down.");
  }
  return left > 0 ? 1 : 0;
};
