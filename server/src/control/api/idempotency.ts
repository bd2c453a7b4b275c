// Idempotency keys: a request that is sent again gets the answer of the first, and its work is not done twice.
import { createHash } from "node:crypto";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { type Database, json, type Query } from "#platform/database.ts";

export interface Request {
  tenant: string;
  key: string;
  /** Of method, path and body. */
  sha256: Buffer;
}

export const requestHash = (method: string, path: string, body: Buffer): Buffer => createHash("sha256").update(`${method} ${path}\n`).update(body).digest();

const mismatch = (): SlipError => new SlipError("idempotency_mismatch");

const stored = async (query: Query, { tenant, key, sha256 }: Request): Promise<{ answer: unknown } | undefined> => {
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
  readonly #underWay = new Map<string, UnderWay>();

  /** An answer that a power cut takes is made anew: what it told of is found by its own key. */
  constructor({ database, progress }: { database: Database; progress: Database }) {
    this.#database = database;
    this.#progress = progress;
  }

  /** The stored answer of this request, or that of `act`, which is stored then. Errors are not stored: asking again tries again. */
  async once(request: Request, act: () => Promise<unknown>): Promise<unknown> {
    const id = `${request.tenant} ${request.key}`;
    const known = this.#underWay.get(id);
    if (known && !known.sha256.equals(request.sha256)) throw mismatch();
    if (known) return known.answer;
    const answer = this.#answer(request, act).finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, { sha256: request.sha256, answer });
    return answer;
  }

  async #answer(request: Request, act: () => Promise<unknown>): Promise<unknown> {
    const before = await stored(this.#database, request);
    if (before) return before.answer;
    const answer = await act();
    await this.#progress`
      insert into idempotency_keys (tenant, key, request_sha256, answer)
      values (${request.tenant}, ${request.key}, ${request.sha256}, ${json(this.#database, answer)}) on conflict do nothing`;
    return answer;
  }
}

export const trimKeys = async (query: Query): Promise<void> => {
  await query`delete from idempotency_keys where created_at < ${new Date(Date.now() - limit("idempotencyKeptMs"))}`;
};
