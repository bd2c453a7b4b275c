// A plan for people. Pure: lines out of a value.
import type { Plan, PlanChange, PlanPolicy } from "@slipstream/contract/plan.ts";
import type { ExitCode, Invocation } from "../command.ts";
import type { Colours } from "../terminal/colour.ts";
import { safeText } from "../terminal/text.ts";

const widest = 40;

const changeLine = ({ what, from, to }: PlanChange, width: number, { dim, green, red, yellow }: Colours): string => {
  const name = safeText(what).padEnd(width);
  if (from === undefined) return `${green(`  + ${name}`)}  ${safeText(to ?? "")}`.trimEnd();
  if (to === undefined) return `${red(`  - ${name}`)}  ${dim(safeText(from))}`.trimEnd();
  return `${yellow(`  ~ ${name}`)}  ${dim(safeText(from))} → ${safeText(to)}`;
};

const policyText = ({ allowed, why, needsApproval }: PlanPolicy): string => {
  const said = needsApproval ? "after a person has approved it" : allowed ? "yes" : "no";
  return why === undefined ? said : `${said}: ${safeText(why)}`;
};

const head = (text: string): string => `${text.padEnd(10)}  `;

/** The rest of several lines stands below the first. */
const listed = (title: string, lines: readonly string[]): string[] => lines.map((line, index) => `${head(index === 0 ? title : "")}${line}`);

export const planLines = (plan: Plan, colours: Colours): string[] => {
  const { bold } = colours;
  const width = Math.min(widest, Math.max(0, ...plan.changes.map(({ what }) => safeText(what).length)));
  const changes = plan.changes.map((change) => changeLine(change, width, colours));
  const interrupts = plan.interrupts.map(({ what, why }) => `${safeText(what)}: ${safeText(why)}`);
  return [
    bold(`${plan.operation}${plan.app === undefined ? "" : ` of ${plan.app}`}`),
    ...(changes.length === 0 ? ["  nothing changes"] : changes),
    ...listed("interrupts", interrupts.length === 0 ? ["nothing"] : interrupts),
    ...listed("allowed", [policyText(plan.policy)]),
    ...listed(
      "limits",
      plan.quota.map(({ limit, used, allowed, unit }) => `${limit} ${used} of ${allowed} ${unit}`),
    ),
    ...listed("undo", [
      plan.inverse === undefined ? "no operation undoes it" : `${plan.inverse.operation} ${safeText(JSON.stringify(plan.inverse.input)).slice(0, 200)}`,
    ]),
  ];
};

/** The plan as data, and how to go on; gives 2 for one that the caller may not apply. */
export const showPlan = (call: Invocation, plan: Plan): ExitCode => {
  const { screen } = call;
  if (screen.json) screen.data(plan);
  else for (const line of planLines(plan, screen.colours)) screen.print(line);
  if (plan.state === "open") screen.note(`Nothing was changed. Apply it with 'slip apply ${plan.plan}', until ${plan.expiresAt}.`);
  return plan.policy.allowed || plan.policy.needsApproval ? 0 : 2;
};
