// What an approval is, as pure rules: how its input is shown, and as what error it is told.
import type { Beyond } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";

export type ApprovalState = "pending" | "approved" | "done" | "failed" | "denied" | "expired" | "continued";

/** What somebody has approved of a call. */
export interface Given {
  by: string;
  beyond: readonly Beyond[];
}

export interface Failure {
  code: string;
  message: string;
  next: string;
}

export interface ApprovalRow {
  id: string;
  tenant: string;
  grantId: string;
  person: string | null;
  giverVerbs: string[];
  actor: string;
  operation: OperationName;
  app: string | null;
  idempotencyKey: string | null;
  requestSha256: Buffer;
  shown: Record<string, unknown>;
  why: string;
  /** What it lifts of the grant. */
  beyond: readonly Beyond[];
  /** What was approved of the same call before it, and stays lifted. */
  approvedBefore: readonly Given[];
  state: ApprovalState;
  sealed: Buffer | null;
  keyId: string | null;
  failure: Failure | null;
  decidedBy: string | null;
  /** The one with which it goes on. */
  continuedBy: string | null;
  createdAt: Date;
  expiresAt: Date;
}

/** A command is never longer: what is done is seen whole. */
const shownCharacters = 8_192;
const shownItems = 50;
const hiddenText = "…";
const isHidden = (operation: string, field: string): boolean =>
  /secret|token|password|sha256|key$/i.test(field) || (field === "values" && operation.startsWith("secrets."));

/** An address can have a password in it. In other texts nothing is taken for one: it would hide what a command does. */
const withoutUser = (text: string): string => text.replace(/:\/\/[^/?#\s]*@/g, `://${hiddenText}@`);

const shownText = (field: string, given: string): string => {
  const text = field === "url" ? withoutUser(given) : given;
  const more = text.length - shownCharacters;
  return more > 0 ? `${text.slice(0, shownCharacters)}${hiddenText} and ${more} characters more` : text;
};

const shownValue = (operation: string, field: string, value: unknown): unknown => {
  if (typeof value === "string") return shownText(field, value);
  if (Array.isArray(value)) {
    const more = value.length - shownItems;
    return [...value.slice(0, shownItems).map((item) => shownValue(operation, field, item)), ...(more > 0 ? [`${hiddenText} and ${more} more`] : [])];
  }
  if (typeof value === "object" && value !== null) return shownInput(operation, value as Record<string, unknown>);
  return value;
};

/** Names of the fields stay; of what may be secret the value does not. */
const hidden = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.keys(value).map((name) => [name, hiddenText])) : hiddenText;

/** The input as a person decides by it. What is not shown is said not to be. */
export const shownInput = (operation: string, input: Record<string, unknown>): Record<string, unknown> => {
  const fields = Object.entries(input).filter(([, value]) => value !== undefined);
  const more = fields.length - shownItems;
  return Object.fromEntries([
    ...fields.slice(0, shownItems).map(([name, value]) => [name, isHidden(operation, name) ? hidden(value) : shownValue(operation, name, value)]),
    ...(more > 0 ? [[hiddenText, `and ${more} fields more`]] : []),
  ]);
};

/** What is seen of it by all who may. */
export const toShown = (row: ApprovalRow) => ({
  approval: row.id,
  state: row.state,
  operation: row.operation,
  ...(row.app === null ? {} : { app: row.app }),
  input: row.shown,
  why: row.why,
  beyond: [...row.beyond],
  ...(row.approvedBefore.length === 0 ? {} : { approvedBefore: row.approvedBefore.map(({ by, beyond }) => ({ by, beyond: [...beyond] })) }),
  askedBy: row.actor,
  createdAt: row.createdAt.toISOString(),
  expiresAt: row.expiresAt.toISOString(),
});

/** What plans of its decision remember of it. */
export const stateOfApproval = ({ id, state }: Pick<ApprovalRow, "id" | "state">): Fingerprint => ({ [`approval ${id}`]: state });

/** All that was approved of its call, once it is approved itself. */
export const givenIn = (row: Pick<ApprovalRow, "approvedBefore" | "beyond" | "decidedBy">): Given[] => [
  ...row.approvedBefore,
  { by: row.decidedBy ?? "", beyond: row.beyond },
];

/** As what it is done: with all that was approved of it, by all who did. */
export const liftedBy = (given: readonly Given[]): { by: string; lifts: Beyond[] } => ({
  by: [...new Set(given.map(({ by }) => by))].join(" and "),
  lifts: given.flatMap(({ beyond }) => beyond),
});

export const isEnd = (state: ApprovalState): boolean => state !== "pending" && state !== "approved";

/** What its asker is told while it waits for a person, or is being done. */
export const neededError = ({ id, why, state }: Pick<ApprovalRow, "id" | "why" | "state">, url: string): SlipError => {
  const command = `slip approvals approve ${id}`;
  const isWaiting = state === "pending";
  return new SlipError("approval_needed", isWaiting ? `${why} A person can approve it: ${id}.` : `It was approved and is being done: ${id}.`, {
    next: isWaiting
      ? [`Let a person open ${url} or type '${command}', and ask the same again then.`, `Wait with 'slip approvals wait ${id}'.`]
      : `Wait with 'slip approvals wait ${id}'.`,
    approval: { approval: id, url, command },
  });
};
