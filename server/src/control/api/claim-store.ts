// Claims of idempotency keys: written in the transaction of the change, so that one who asks again finds that it was made, also where
// control died before it could answer.
import { json, type Part, type Query } from "#platform/database.ts";
import type { Call } from "./call.ts";

export interface Claim {
  key: string;
  /** Of the operation and its input. */
  sha256: Buffer;
  /** An earlier request has made the change, and its answer was lost: it is not to be made again. */
  isMade: boolean;
  /** The answer is kept with the change, or is not to be kept. */
  isAnswered: boolean;
}

/** The keys of a call, and of those that it is done within. */
export const claimKeys = async (query: Query, call: Pick<Call, "tenant" | "claim" | "within">): Promise<void> => {
  for (let at: typeof call | undefined = call; at !== undefined; at = at.within)
    if (at.claim)
      await query`
        insert into idempotency_keys (tenant, key, request_sha256) values (${at.tenant}, ${at.claim.key}, ${at.claim.sha256}) on conflict do nothing`;
};

/** Its answer holds a secret, and is not kept: one who asks again is answered by the handler, which finds what was made. */
export const keepNoAnswer = ({ claim }: Pick<Call, "claim">): void => {
  if (claim) claim.isAnswered = true;
};

/** For `with … as` too: `from` says then of which row. */
export const keepingAnswer = (query: Query, { tenant, claim: { key, sha256 } }: { tenant: string; claim: Claim }, answer: Part, from: Part = query``) => query`
  insert into idempotency_keys (tenant, key, request_sha256, answer) select ${tenant}, ${key}, ${sha256}, ${answer} ${from}
  on conflict (tenant, key) do update set answer = coalesce(idempotency_keys.answer, excluded.answer)`;

/** Keeps the answer with the change; one who asks again is given exactly this. */
export const keepAnswer = async (query: Query, { tenant, claim }: Pick<Call, "tenant" | "claim">, answer: unknown): Promise<void> => {
  if (!claim) return;
  await keepingAnswer(query, { tenant, claim }, query`${json(query, answer)}::jsonb`);
  claim.isAnswered = true;
};
