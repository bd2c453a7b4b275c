// What a plan is, as pure rules over its row.

import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import type { Plan, PlanChange } from "@slipstream/contract/plan.ts";
import { mayDo } from "../access/token.ts";
import type { Call } from "../api/call.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** What is said of a plan, and kept with it. */
export type Shown = Pick<Plan, "effect" | "changes" | "interrupts" | "policy" | "quota" | "inverse" | "asks">;

export interface PlanRow {
  id: string;
  tenant: string;
  /** Who planned it. */
  actor: string;
  /** The grant of who planned it; null = none. */
  grantId: string | null;
  operation: string;
  app: string | null;
  shown: Shown;
  fingerprint: Fingerprint;
  createdAt: Date;
  expiresAt: Date;
  appliedAt: Date | null;
  appliedKey: string | null;
  answer: Record<string, unknown> | null;
}

const stateOf = ({ appliedAt, expiresAt }: PlanRow, now: Date): Plan["state"] => {
  if (appliedAt !== null) return "applied";
  return expiresAt > now ? "open" : "expired";
};

/** The row as clients see it. */
export const toPlan = (row: PlanRow, now: Date): Plan => ({
  plan: row.id,
  operation: row.operation,
  ...(row.app === null ? {} : { app: row.app }),
  state: stateOf(row, now),
  ...row.shown,
  createdAt: row.createdAt.toISOString(),
  expiresAt: row.expiresAt.toISOString(),
  ...(row.appliedAt === null ? {} : { appliedAt: row.appliedAt.toISOString() }),
});

/** Operations that are about people, tokens and the installation, and what was asked beyond a grant. */
const administered: ReadonlySet<string> = new Set(
  Object.values(operations).flatMap(({ name, permission }) =>
    permission === "administer" || permission === "any" || permission === "join" || name.startsWith("approvals.") ? [name] : [],
  ),
);
export const administeredNames = [...administered];

/**
 * What a plan of those shows is for who administers, and for who planned it; what is of an app, for who may read that. An invitation is shown its
 * own alone.
 */
export const isShownTo = ({ operation, app, actor }: Pick<PlanRow, "operation" | "app" | "actor">, call: Pick<Call, "actor" | "token">): boolean => {
  if (actor === call.actor) return true;
  if (call.token.kind === "invitation") return false;
  return app !== null || !administered.has(operation) || mayDo(call.token, "administer");
};

/** Throws `invalid_input` where what the plan leaves to who applies it is missing, or it leaves nothing. */
export const checkGiven = ({ id, shown: { asks } }: Pick<PlanRow, "id" | "shown">, { sha256 }: { sha256?: string | undefined }): void => {
  if ((asks !== undefined) === (sha256 !== undefined)) return;
  const message = asks === undefined ? `The plan ${id} has its secret already.` : `The plan ${id} makes a secret when it is applied, and its hash is missing.`;
  const next = asks === undefined ? "Apply it without 'sha256'." : "Apply it with 'slip apply', or send the SHA-256 of a new secret as 'sha256'.";
  throw new SlipError("invalid_input", message, { next });
};

const cut = (text: string): string => (text.length > 200 ? `${text.slice(0, 199)}…` : text);

/** As many as a plan names, with values as long as anybody reads; the rest are counted. */
export const bounded = (changes: readonly PlanChange[]): PlanChange[] => {
  const named = changes.slice(0, limit("planChanges")).map(({ what, from, to }) => ({
    what,
    ...(from === undefined ? {} : { from: cut(from) }),
    ...(to === undefined ? {} : { to: cut(to) }),
  }));
  const rest = changes.length - named.length;
  return rest === 0 ? named : [...named, { what: "more changes", to: String(rest) }];
};

export const noPlan = (id: string): SlipError =>
  new SlipError("not_found", `There is no plan ${id}.`, { next: "List them with 'slip plans list'; one that has expired is planned again." });

export const expired = ({ id, expiresAt }: Pick<PlanRow, "id" | "expiresAt">): SlipError =>
  new SlipError("plan_expired", `The plan ${id} expired at ${expiresAt.toISOString()}, so it was not applied.`);

export const applied = ({ id, appliedAt }: Pick<PlanRow, "id" | "appliedAt">): SlipError =>
  new SlipError("plan_applied", `The plan ${id} was applied already, at ${appliedAt?.toISOString()}.`, {
    next: `See what it did with 'slip plans show ${id}' and 'slip journal'; plan again for another change.`,
  });

/** Named in the message at most; the evidence has as many again. */
const namedMoves = 5;

export const stale = ({ id, app }: Pick<PlanRow, "id" | "app">, moved: readonly string[]): SlipError => {
  const rest = moved.length - namedMoves;
  const named = [...moved.slice(0, namedMoves), ...(rest > 0 ? [`${rest} more`] : [])].join("; ");
  return new SlipError("plan_stale", `The plan ${id} was not applied, because ${app ?? "the platform"} has changed since: ${named}.`, {
    ...(rest > 0 ? { evidence: moved.slice(0, 2 * namedMoves) } : {}),
  });
};
