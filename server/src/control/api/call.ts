// What a handler knows of the request besides its input, and what the handlers of the operations look like.
import type { Readable } from "node:stream";
import type { Beyond } from "@slipstream/contract/access.ts";
import type { InputOf, OperationName, OutputOf, ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { Query } from "#platform/database.ts";
import type { Token } from "../access/token.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";
import type { Claim } from "./claim-store.ts";

/**
 * What a change is about to change: an app (`isNew`: made in this transaction), or something else by its state, which the handler has
 * locked against others who change it.
 */
export type Subject = { app: string; isNew?: boolean } | { state: () => Fingerprint | Promise<Fingerprint> };

/** What a change expects of the world. */
export interface Expectation {
  /** The plan that is applied: where the change needs an approval, it is that of the plan. */
  readonly plan: string;
  /** Asked in the transaction of the change, before it changes anything. Throws where the world is another. */
  check(query: Query, subject: Subject): Promise<void>;
}

export interface Call {
  tenant: string;
  actor: string;
  token: Token;
  requestId: string;
  idempotencyKey: string | undefined;
  /** Aborts when the caller went away. */
  signal: AbortSignal;
  /** The raw body of an operation that takes bytes. */
  body: Readable;
  /** The idempotency key as it is kept; absent where there is none, or the call only reads. */
  claim?: Claim | undefined;
  /** The call that this one is done for, by `perform`. */
  within?: Call | undefined;
  /** The entry of the journal that this call undoes. */
  undoes?: { id: string; undoneBy: string | undefined } | undefined;
  /** Set by `journal`: the gate writes an entry itself for a change that has none. */
  journaled: boolean;
  /** Of a plan that is applied: every handler that changes something asks it first. */
  expects?: Expectation;
  /** The approval that this is done by, who gave it, and what of the grant it lifts; without an id for what is done within that. */
  approved?: { id?: string; by: string; lifts: readonly Beyond[] };
}

/** The operations that answer line by line. */
export type LinesName = "deployments.watch" | "logs.read";
export type JsonName = Exclude<OperationName, LinesName>;

export type JsonHandler<N extends OperationName> = (input: ParsedInputOf<N>, call: Call) => Promise<OutputOf<N>>;
/** Finds what it needs first, so that a refusal is an answer of its own and not a broken stream; then gives the lines. */
export type LinesHandler<N extends OperationName> = (input: ParsedInputOf<N>, call: Call) => Promise<AsyncIterable<OutputOf<N>>>;

export type Handlers = { [N in JsonName]: JsonHandler<N> } & { [N in LinesName]: LinesHandler<N> };

/** What a handler reads first, and changes nothing by: begun while the call's idempotency key is looked up. */
export interface ReadsAhead<I> {
  ahead: (input: I, call: Call) => void;
}

/** A handler of what somebody waits for, which is given what it reads first; a refusal in that is one of its own. */
export const readingAhead = <I, R, O>(
  read: (input: I, call: Call) => Promise<R>,
  handle: (input: I, call: Call, read: Promise<R>) => Promise<O>,
): ((input: I, call: Call) => Promise<O>) & ReadsAhead<I> => {
  const begun = new WeakMap<Call, Promise<R>>();
  const ahead = (input: I, call: Call): void => {
    const reading = read(input, call);
    reading.catch(() => undefined);
    begun.set(call, reading);
  };
  return Object.assign((input: I, call: Call) => handle(input, call, begun.get(call) ?? read(input, call)), { ahead });
};

/** Does another operation for the caller of this one. */
export type Perform = <N extends JsonName>(call: Call, name: N, input: InputOf<N>) => Promise<OutputOf<N>>;
