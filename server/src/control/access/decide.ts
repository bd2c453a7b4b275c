// May this token do this? One pure rule for every door, asked before any handler.
import type { Grant, Permission } from "@slipstream/contract/access.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { mayDo, type Token } from "./token.ts";

export type Decision =
  | { kind: "allowed" }
  /** Nobody can approve it for this token. */
  | { kind: "forbidden"; why: string }
  /** Beyond the grant, and within what its giver may do. */
  | { kind: "needs_approval"; why: string }
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
  | {
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
    };

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
  effect !== "read" && answer === "json" && body === "json" && !["administer", "any", "join"].includes(permission) && subject.about !== "nothing";

const verbMissing = (permission: Permission): string => `The token may not ${permission}.`;

/** Whether programs can come to run by it that did not before. */
const startsPrograms = ({ permission, effect }: Asked): boolean => effect === "write" && (permission === "deploy" || permission === "configure");

const minuteMs = 60_000;

/** What is wrong with it by the grant; undefined = nothing. */
const beyond = (grant: Grant, operation: Asked, subject: Subject): string | undefined => {
  if (subject.about === "nothing") return undefined;
  if (subject.about === "tenant") return isScoped(grant) ? "It is not about the apps that the grant covers." : undefined;
  const { app, isNew, isBuild, instances = 0, used } = subject;
  const { limits = {}, budget = {} } = grant;
  if (!covers(grant, app)) return `The grant does not cover the app ${app.name}.`;
  if (isNew && used.apps >= (limits.apps ?? Number.POSITIVE_INFINITY)) return `The grant allows ${limits.apps} apps, and there are ${used.apps}.`;
  if (instances > (limits.instances ?? Number.POSITIVE_INFINITY)) return `The grant allows ${limits.instances} instances of an app.`;
  if (isBuild && used.builds >= (budget.builds ?? Number.POSITIVE_INFINITY)) return `The grant's budget of ${budget.builds} builds is used up.`;
  if (startsPrograms(operation) && used.cpuMs >= (budget.cpuMinutes ?? Number.POSITIVE_INFINITY) * minuteMs)
    return `The grant's budget of ${budget.cpuMinutes} CPU minutes is used up.`;
  return undefined;
};

/** Whether a read, or what was named by an id, is outside the grant: nothing is said of it. */
const isHidden = (grant: Grant, { effect }: Asked, subject: Subject): boolean =>
  subject.about === "app" && !covers(grant, subject.app) && (effect === "read" || subject.byId !== undefined);

export const decide = (token: Pick<Token, "kind" | "verbs" | "giverVerbs" | "grant">, operation: Asked, subject: Subject): Decision => {
  const { permission } = operation;
  const { grant } = token;
  if (!mayDo({ kind: token.kind, verbs: token.giverVerbs }, permission)) return { kind: "forbidden", why: verbMissing(permission) };
  if (grant === undefined) return { kind: "allowed" };
  const hasVerb = mayDo(token, permission);
  if (hasVerb && isHidden(grant, operation, subject)) return { kind: "hidden" };
  const why = hasVerb ? beyond(grant, operation, subject) : verbMissing(permission);
  if (why === undefined) return { kind: "allowed" };
  const byId = subject.about === "app" && subject.byId !== undefined && !covers(grant, subject.app);
  return isApprovable(operation, subject) && !byId ? { kind: "needs_approval", why } : { kind: "forbidden", why };
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
