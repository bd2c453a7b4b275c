// What one GraphQL request may ask of the gate: every field that is an operation goes through it, with the caller's own token.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import { Turns } from "#platform/turns.ts";
import type { Token } from "../../access/token.ts";
import type { Gate } from "../gate.ts";

type Input = Record<string, unknown>;

export interface Asking {
  gate: Pick<Gate, "pass">;
  token: Token;
  requestId: string;
  idempotencyKey: string | undefined;
  signal: AbortSignal;
  /** Told of each operation that is done: it costs what it would cost through another door. */
  spent: () => void;
}

export class Ask {
  readonly #asking: Asking;
  readonly #turns = new Turns(limit("graphqlCallsAtOnce"));
  readonly #read = new Map<string, Promise<unknown>>();
  /** How many mutations the request holds: the idempotency key is one's own, or has to be shared out. */
  mutations = 0;

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** A read; asked again within the request it is not done again, unless the request changes something. */
  read(name: OperationName, input: Input): Promise<unknown> {
    if (this.mutations > 0) return this.#value(name, input, undefined);
    const id = `${name} ${JSON.stringify(input)}`;
    const value = this.#read.get(id) ?? this.#value(name, input, undefined);
    this.#read.set(id, value);
    return value;
  }

  /** A change, under the name that the answer gives it. */
  change(name: OperationName, input: Input, as: string, bytes?: Buffer): Promise<unknown> {
    return this.#value(name, input, this.#keyOf(as), bytes);
  }

  async lines(name: OperationName, input: Input): Promise<AsyncIterable<unknown>> {
    const answer = await this.#pass(name, input, undefined);
    if (answer.kind !== "lines") throw new SlipError("internal");
    return answer.lines;
  }

  async #value(name: OperationName, input: Input, key: string | undefined, bytes?: Buffer): Promise<unknown> {
    const answer = await this.#turns.run(() => this.#pass(name, input, key, bytes), { signal: this.#asking.signal });
    if (answer.kind !== "json") throw new SlipError("internal");
    return answer.value;
  }

  #pass(name: OperationName, input: Input, idempotencyKey: string | undefined, bytes?: Buffer): ReturnType<Gate["pass"]> {
    const { gate, token, requestId, signal, spent } = this.#asking;
    spent();
    return gate.pass({ token, name, input: () => input, idempotencyKey, requestId, signal, ...(bytes ? { body: Readable.from([bytes]) } : {}) });
  }

  /** Alone, a mutation has the key as it came, so that it is the same request as through another door. */
  #keyOf(as: string): string | undefined {
    const { idempotencyKey: key } = this.#asking;
    if (key === undefined || this.mutations <= 1) return key;
    return createHash("sha256").update(`${key}\n${as}`).digest("hex");
  }
}
