// What a person chose on the page of consent, as a grant. Pure.

import { Grant, type Verb } from "@slipstream/contract/access.ts";
import { mistakeOf } from "@slipstream/contract/expectation.ts";
import { limit } from "@slipstream/contract/limits.ts";

/** What can be chosen from: what the client asked for and the person may do, in the tenant. */
export interface Offer {
  verbs: readonly Verb[];
  projects: readonly string[];
  environments: readonly string[];
}

export type Chosen = { terms: Grant; expiresAt: Date } | { wrong: string };

const dayMs = 86_400_000;
/** Days that the page offers; the first is the usual one. */
export const daysOffered: readonly number[] = [7, 1, 30, 90];
export const usualLimits = { apps: 3, instances: 2, memoryMiB: 512, builds: 50, cpuMinutes: 600 } as const;

type Fields = Readonly<Record<string, readonly string[] | undefined>>;

const chosenOf = <T extends string>(given: readonly string[] | undefined, offered: readonly T[]): T[] => offered.filter((one) => given?.includes(one));

/** Nothing that is typed = no such limit. */
const countOf = (fields: Fields, name: string): number | undefined => {
  const text = fields[name]?.[0]?.trim() ?? "";
  return text === "" ? undefined : Number(text);
};

const present = (fields: Record<string, number | undefined>) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const limitsOf = (fields: Fields) => {
  const memory = countOf(fields, "memoryMiB");
  const all = { apps: countOf(fields, "apps"), instances: countOf(fields, "instances"), memoryBytes: memory === undefined ? undefined : memory * 2 ** 20 };
  const budget = present({ builds: countOf(fields, "builds"), cpuMinutes: countOf(fields, "cpuMinutes") });
  const given = present(all);
  return {
    ...(Object.keys(given).length === 0 ? {} : { limits: given }),
    ...(Object.keys(budget).length === 0 ? {} : { budget }),
  };
};

/** The grant of a form, never more than the offer; or what is wrong with it. `now` is when it begins. */
export const grantOf = (fields: Fields, offer: Offer, now: Date): Chosen => {
  const verbs = chosenOf(fields.verb, offer.verbs);
  if (verbs.length === 0) return { wrong: "Tick at least one thing that it may do, or refuse." };
  const isWhole = fields.allProjects?.[0] === "yes";
  const projects = chosenOf(fields.project, offer.projects);
  if (!isWhole && projects.length === 0) return { wrong: "Tick at least one project." };
  const environments = chosenOf(fields.environment, offer.environments);
  if (environments.length === 0) return { wrong: "Tick at least one environment." };
  const days = Number(fields.days?.[0]);
  if (!daysOffered.includes(days) || days > limit("connectionDays")) return { wrong: "Choose how long it may act for you." };
  const expiresAt = new Date(now.getTime() + days * dayMs);
  const prefix = fields.namePrefix?.[0]?.trim() ?? "";
  const parsed = Grant.safeParse({
    verbs,
    ...(isWhole ? {} : { projects }),
    environments,
    ...(prefix === "" ? {} : { namePrefix: prefix }),
    ...limitsOf(fields),
    expiresAt: expiresAt.toISOString(),
  });
  return parsed.success ? { terms: parsed.data, expiresAt } : { wrong: `${mistakeOf(parsed.error.issues[0])}.` };
};
