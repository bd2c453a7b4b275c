// Idempotency keys: a request that is sent again gets the answer of the first, and its work is not done twice.
import { createHash, createHmac } from "node:crypto";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Database, Query } from "#platform/database.ts";
import { whileAway } from "#platform/database-away.ts";
import { between, type FaultPoints } from "../faults/fault-points.ts";
import { type Claim, keepAnswer } from "./claim-store.ts";

export interface Request {
  tenant: string;
  key: string;
  operation: string;
  /** As the operation's schema has read it. */
  input: Record<string, unknown>;
}

interface Hashed {
  tenant: string;
  key: string;
  sha256: Buffer;
}

/** JSON that is the same for the same value, whatever the order in which its fields came. */
const canonical = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;

/**
 * The same for the same request, through whichever door. Keyed, because an input can hold a secret, and a bare hash would let those
 * who see the table try out guesses.
 */
const requestHash = (key: Buffer, { operation, input }: Pick<Request, "operation" | "input">): Buffer =>
  createHmac("sha256", key)
    .update(`${operation}\n${JSON.stringify(input, canonical)}`)
    .digest();

/** The key of an operation that is done within a call which has one. */
export const keyWithin = (key: string, operation: string): string => createHash("sha256").update(`${key}\n${operation}`).digest("hex");

const mismatch = (): SlipError => new SlipError("idempotency_mismatch");

/** `answer` is null where a change was made whose answer was lost. */
export const stored = async (query: Query, { tenant, key, sha256 }: Hashed): Promise<{ answer: unknown } | undefined> => {
  const rows = await query<{ requestSha256: Buffer; answer: unknown }[]>`
    select request_sha256, answer from idempotency_keys where tenant = ${tenant} and key = ${key}`;
  const row = rows[0];
  if (row && !row.requestSha256.equals(sha256)) throw mismatch();
  return row && { answer: row.answer };
};

interface UnderWay {
  sha256: Buffer;
  answer: Promise<unknown>;
}

export class Idempotency {
  readonly #database: Database;
  readonly #progress: Database;
  readonly #key: Buffer;
  readonly #faultPoints: FaultPoints;
  readonly #underWay = new Map<string, UnderWay>();

  /** An answer that a power cut takes is made anew: what it told of is found by the claim, which was made with it. */
  constructor({ database, progress, key, faultPoints }: { database: Database; progress: Database; key: Buffer; faultPoints: FaultPoints }) {
    this.#database = database;
    this.#progress = progress;
    this.#key = key;
    this.#faultPoints = faultPoints;
  }

  /** The same for the same request, and nothing can be found out from it. */
  hashOf(request: Pick<Request, "operation" | "input">): Buffer {
    return requestHash(this.#key, request);
  }

  /** The stored answer of this request, or that of `act`, which is stored then. Errors are not stored: asking again tries again. */
  async once(request: Request, act: (claim: Claim) => Promise<unknown>): Promise<unknown> {
    const { tenant, key } = request;
    const id = `${tenant} ${key}`;
    const sha256 = requestHash(this.#key, request);
    const known = this.#underWay.get(id);
    if (known && !known.sha256.equals(sha256)) throw mismatch();
    if (known) return known.answer;
    const answer = this.#answer({ tenant, key, sha256 }, act).finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, { sha256, answer });
    return answer;
  }

  async #answer(request: Hashed, act: (claim: Claim) => Promise<unknown>): Promise<unknown> {
    const before = await stored(this.#database, request);
    if (before && before.answer !== null) return before.answer;
    const { tenant, ...of } = request;
    const claim: Claim = { ...of, isMade: before !== undefined, isAnswered: false };
    const answer = await between(this.#faultPoints, "answer", () => act(claim));
    if (!claim.isAnswered) await whileAway(() => keepAnswer(this.#progress, { tenant, claim }, answer));
    return answer;
  }
}

export const trimKeys = async (query: Query): Promise<void> => {
  await query`delete from idempotency_keys where created_at < ${new Date(Date.now() - limit("idempotencyKeptMs"))}`;
};
