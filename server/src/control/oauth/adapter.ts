// Storage of the library, one adapter a model. An access token is a token like any other: its row is what the gate finds.
import { type Adapter, errors, type Payload } from "oidc-provider";
import type { Database } from "#platform/database.ts";
import type { Sealing } from "../secrets/sealing.ts";
import { dropAccessToken, keepAccessToken } from "./access-tokens.ts";
import { dropAccessTokensOfGrant, endConnection, grantLives } from "./connection-store.ts";
import { consumeEntry, dropEntriesOfGrant, dropEntry, findByUid, findEntry, grantOfEntry, makeRoomForClient, saveEntry } from "./oauth-store.ts";

export interface AdapterParts {
  database: Database;
  sealing: Sealing;
  /** Resources that a token of ours may be for. */
  resources: readonly string[];
  /** Clients that may be registered at a time. */
  clientsMax: number;
  /** Makes a change of the tokens known to the gate. */
  changed(): Promise<void>;
}

class ModelAdapter implements Adapter {
  readonly #model: string;
  readonly #parts: AdapterParts;

  constructor(model: string, parts: AdapterParts) {
    this.#model = model;
    this.#parts = parts;
  }

  get #isToken(): boolean {
    return this.#model === "AccessToken";
  }

  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<void> {
    const { database, sealing, resources, clientsMax } = this.#parts;
    await database.begin(async (query) => {
      if (this.#model === "Client" && !(await makeRoomForClient(query, clientsMax)))
        throw new errors.TemporarilyUnavailable("no more clients can be registered now");
      if (this.#isToken) await keepAccessToken(query, { value: id, payload, resources });
      await saveEntry(query, sealing, { model: this.#model, id, payload, expiresIn });
    });
    if (this.#isToken) await this.#parts.changed();
  }

  async find(id: string): Promise<Payload | undefined> {
    const { database, sealing } = this.#parts;
    if (this.#model === "Grant" && !(await grantLives(database, id))) return undefined;
    return findEntry(database, sealing, this.#model, id);
  }

  findByUid(uid: string): Promise<Payload | undefined> {
    return findByUid(this.#parts.database, this.#parts.sealing, this.#model, uid);
  }

  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  /** Who comes second with the same code or refresh token is refused, and what the first got ends: one of them stole it. */
  async consume(id: string): Promise<void> {
    const { database } = this.#parts;
    if (await consumeEntry(database, this.#model, id)) return;
    const grantId = await grantOfEntry(database, this.#model, id);
    if (grantId !== undefined) await endConnection(database, grantId);
    await this.#parts.changed();
    throw new errors.InvalidGrant("already used");
  }

  async destroy(id: string): Promise<void> {
    const { database } = this.#parts;
    if (this.#model === "Grant") await endConnection(database, id);
    if (this.#isToken) await dropAccessToken(database, id);
    await dropEntry(database, this.#model, id);
    if (this.#model === "Grant" || this.#isToken) await this.#parts.changed();
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    const { database } = this.#parts;
    if (this.#isToken) await dropAccessTokensOfGrant(database, grantId);
    await dropEntriesOfGrant(database, grantId, this.#model);
    if (this.#isToken) await this.#parts.changed();
  }
}

export const adapterOn =
  (parts: AdapterParts) =>
  (model: string): Adapter =>
    new ModelAdapter(model, parts);
