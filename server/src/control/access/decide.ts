// May this token do this? One pure rule for every door, asked before any handler.
import type { Beyond, Grant, Permission, Verb } from "@slipstream/contract/access.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { stillBeyond, whyOf } from "./beyond.ts";
import { mayDo, type Token } from "./token.ts";

export type Decision =
  | { kind: "allowed" }
  /** Nobody can approve it for this token. */
  | { kind: "forbidden"; why: string }
  /** Beyond the grant, and within what its giver may do. */
  | { kind: "needs_approval"; beyond: Beyond[] }
  /** Outside the grant, and not for it to know of: to be answered as what is not there. */
  | { kind: "hidden" };

export interface PlacedApp {
  name: string;
  project: string;
  environment: string;
}

/** What an operation is about, looked up inside the caller's tenant. */
export type Subject =
  /** Nothing that a grant covers or not: the caller itself, contents, lists that show what is covered alone. */
  | { about: "nothing" }
  /** The tenant as a whole, or what no grant can name. */
  | { about: "tenant" }
  | AppSubject;

export interface AppSubject {
  about: "app";
  app: PlacedApp;
  /** The id of a deployment or a plan by which it was named, and which the caller may not even know to exist. */
  byId?: string | undefined;
  /** It is to be made by this. */
  isNew: boolean;
  /** A source is to be built by this. */
  isBuild: boolean;
  /** Instances that are asked for. */
  instances?: number | undefined;
  used: Used;
}

export interface Used {
  /** Apps that there are of those that the grant covers. */
  apps: number;
  builds: number;
  cpuMs: number;
}

const within = (allowed: readonly string[] | undefined, name: string): boolean => allowed === undefined || allowed.includes(name);

/** Whether the grant covers the app; no grant covers all. */
export const covers = (grant: Grant | undefined, { name, project, environment }: PlacedApp): boolean =>
  grant === undefined || (within(grant.projects, project) && within(grant.environments, environment) && name.startsWith(grant.namePrefix ?? ""));

/** Whether it covers some apps of the tenant and not others. */
export const isScoped = (grant: Grant | undefined): boolean =>
  grant !== undefined && (grant.projects !== undefined || grant.environments !== undefined || grant.namePrefix !== undefined);

type Asked = Pick<Operation, "permission" | "effect" | "answer" | "body">;

/** Reads, contents and the administration itself are within the grant or not at all. */
const isApprovable = ({ permission, effect, answer, body }: Asked, subject: Subject): boolean =>
  effect !== "read" && answer === "json" && body === "json" && !["administer", "any", "anybody", "join"].includes(permission) && subject.about !== "nothing";

/** Whether programs can come to run by it that did not before. */
const startsPrograms = ({ permission, effect }: Asked): boolean => effect === "write" && (permission === "deploy" || permission === "configure");

const minuteMs = 60_000;
const unbounded = Number.POSITIVE_INFINITY;

/** `any`, `anybody` and `join` are no verbs: nobody with a grant lacks the one, or can be given the other. */
const beyondVerbs = (token: Pick<Token, "kind" | "verbs">, permission: Permission): Beyond[] =>
  mayDo(token, permission) ? [] : [{ kind: "verb", verb: permission as Verb }];

const beyondLimits = ({ limits: { apps = unbounded, instances: most = unbounded } = {} }: Grant, subject: AppSubject): Beyond[] => {
  const { isNew, instances = 0, used } = subject;
  return [
    ...(isNew && used.apps >= apps ? [{ kind: "apps" as const, apps: used.apps, allowed: apps }] : []),
    ...(instances > most ? [{ kind: "instances" as const, instances, allowed: most }] : []),
  ];
};

const beyondBudget = ({ budget: { builds = unbounded, cpuMinutes = unbounded } = {} }: Grant, operation: Asked, { isBuild, used }: AppSubject): Beyond[] => [
  ...(isBuild && used.builds >= builds ? [{ kind: "builds" as const, allowed: builds }] : []),
  ...(startsPrograms(operation) && used.cpuMs >= cpuMinutes * minuteMs ? [{ kind: "cpu" as const, allowedMinutes: cpuMinutes }] : []),
];

/** All that is wrong with it by the grant, besides the verb. Of apps that it does not cover it does not count how many there are. */
const beyondTerms = (grant: Grant, operation: Asked, subject: Subject): Beyond[] => {
  if (subject.about === "nothing") return [];
  if (subject.about === "tenant") return isScoped(grant) ? [{ kind: "tenant" }] : [];
  const { app, isNew } = subject;
  const isCovered = covers(grant, app);
  return [
    ...(isCovered ? [] : [{ kind: "app" as const, app: app.name }]),
    ...beyondLimits(grant, { ...subject, isNew: isNew && isCovered }),
    ...beyondBudget(grant, operation, subject),
  ];
};

type Asker = Pick<Token, "kind" | "verbs" | "giverVerbs" | "grant">;

/** `lifted`: what a person has approved of it. */
export const decide = (token: Asker, operation: Asked, subject: Subject, lifted: readonly Beyond[] = []): Decision => {
  const { permission, effect } = operation;
  const { grant } = token;
  if (!mayDo({ kind: token.kind, verbs: token.giverVerbs }, permission)) return { kind: "forbidden", why: `The token may not ${permission}.` };
  if (grant === undefined) return { kind: "allowed" };
  const beyond = stillBeyond([...beyondVerbs(token, permission), ...beyondTerms(grant, operation, subject)], lifted);
  const [first] = beyond;
  if (first === undefined) return { kind: "allowed" };
  const byId = subject.about === "app" && subject.byId !== undefined;
  const isOutside = beyond.some(({ kind }) => kind === "app");
  // Of a read, or what was named by an id, nothing is said where it is outside the grant.
  if (first.kind !== "verb" && isOutside && (effect === "read" || byId)) return { kind: "hidden" };
  if (isApprovable(operation, subject) && !(isOutside && byId)) return { kind: "needs_approval", beyond };
  return { kind: "forbidden", why: whyOf([first]) };
};

const notMore = (inner: number | undefined, outer: number | undefined): boolean => outer === undefined || (inner !== undefined && inner <= outer);
const subset = (inner: readonly string[] | undefined, outer: readonly string[] | undefined): boolean =>
  outer === undefined || inner?.every((name) => outer.includes(name)) === true;

/** Why somebody with a grant cannot give another one; undefined when it is within their own. What is counted cannot be divided. */
export const notWithin = (inner: Grant, outer: Grant): string | undefined => {
  if (outer.limits !== undefined || outer.budget !== undefined) return "A token with limits or a budget gives none.";
  if (!inner.verbs.every((verb) => outer.verbs.includes(verb))) return "It would have verbs that this token has not.";
  if (!subset(inner.projects, outer.projects) || !subset(inner.environments, outer.environments)) return "It would cover more than this token does.";
  if (!(inner.namePrefix ?? "").startsWith(outer.namePrefix ?? "")) return "It would cover more than this token does.";
  const end = (at: string | undefined): number | undefined => (at === undefined ? undefined : Date.parse(at));
  return notMore(end(inner.expiresAt), end(outer.expiresAt)) ? undefined : "It would work longer than this token does.";
};
