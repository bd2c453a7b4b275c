// Grants as changes of a plan. Pure.
import type { Grant } from "@slipstream/contract/access.ts";
import type { PlanChange } from "@slipstream/contract/plan.ts";
import { recordChanges } from "./diff.ts";

const listed = (names: readonly string[] | undefined): string => (names === undefined ? "all" : names.join(", ") || "none");

/** Bounds by their names: "limits.apps". */
const bounds = (of: "limits" | "budget", values: Readonly<Record<string, number | undefined>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[`${of}.${name}`, String(value)]])));

const lines = ({ verbs, projects, environments, namePrefix, limits, budget, expiresAt }: Grant): Record<string, string> => ({
  verbs: listed(verbs),
  projects: listed(projects),
  environments: listed(environments),
  ...(namePrefix === undefined ? {} : { namePrefix }),
  ...bounds("limits", limits),
  ...bounds("budget", budget),
  ...(expiresAt === undefined ? {} : { expiresAt }),
});

/** What a grant would allow, or allows no more. */
export const grantChanges = (before: Grant | undefined, after: Grant | undefined): PlanChange[] =>
  recordChanges(before ? lines(before) : {}, after ? lines(after) : {}, { what: (name) => `grant ${name}`, value: (text) => text });
