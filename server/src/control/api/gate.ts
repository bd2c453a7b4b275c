// The one gate that every call passes, whatever its door: who → may they → parse → idempotency key → handler → journal → typed result.
import { Readable } from "node:stream";
import type { Beyond } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OperationName, type OutputOf, operations } from "@slipstream/contract/operations/registry.ts";
import type { Database } from "#platform/database.ts";
import { BeyondGrant } from "../access/beyond-grant.ts";
import { decide, type Subject } from "../access/decide.ts";
import type { Hold } from "../access/held-tokens.ts";
import { subjectOf } from "../access/subject.ts";
import { mayDo, type Token } from "../access/token.ts";
import type { Tokens } from "../access/token-store.ts";
import type { Needed } from "../approvals/approvals.ts";
import { noApp } from "../apps/app-store.ts";
import { noDeployment } from "../deployments/deployment.ts";
import { noEntry } from "../journal/entry.ts";
import { journal } from "../journal/journal-store.ts";
import { noPlan } from "../plans/plan.ts";
import type { Call, Handlers, Perform, ReadsAhead } from "./call.ts";
import { type Idempotency, keyWithin } from "./idempotency.ts";
import { parseInput } from "./parse.ts";

/** A call as a door hands it over. */
export interface Incoming {
  /** Who asks, as `who` has said. */
  token: Token;
  name: OperationName;
  /** Gives the input as it came. Asked for only when the caller may do this: a body is not read for nothing. */
  input: () => Promise<Record<string, unknown>> | Record<string, unknown>;
  idempotencyKey: string | undefined;
  requestId: string;
  /** Aborts when the caller went away. */
  signal: AbortSignal;
  /** The raw body, where the operation takes bytes. */
  body?: Readable;
}

export type Answer = { kind: "json"; value: unknown } | { kind: "lines"; lines: AsyncIterable<unknown> };

/** Asks a person; gives the answer of what was approved. */
export type AskApproval = (call: Call, needed: Needed) => Promise<unknown>;

/** What a call is beyond its grant in. */
interface Beyondness {
  name: OperationName;
  input: Record<string, unknown>;
  kept: Record<string, unknown>;
  beyond: readonly Beyond[];
}

type AnyHandler = ((input: Record<string, unknown>, call: Call) => Promise<unknown>) & Partial<ReadsAhead<Record<string, unknown>>>;

const keyPattern = /^[\x21-\x7e]{1,128}$/;

export class Gate {
  readonly #database: Database;
  readonly #tokens: Tokens;
  readonly #idempotency: Idempotency;
  readonly #handlers: Handlers;
  readonly #askApproval: AskApproval;

  constructor(parts: { database: Database; tokens: Tokens; idempotency: Idempotency; handlers: Handlers; askApproval: AskApproval }) {
    this.#database = parts.database;
    this.#tokens = parts.tokens;
    this.#idempotency = parts.idempotency;
    this.#handlers = parts.handlers;
    this.#askApproval = parts.askApproval;
  }

  /** Whose token an Authorization header holds. Throws `unauthorized`. */
  async who(authorization: string | undefined): Promise<Token> {
    const token = await this.#tokens.find(authorization);
    if (!token) throw new SlipError("unauthorized");
    return token;
  }

  async pass(incoming: Incoming): Promise<Answer> {
    const { token, name } = incoming;
    const operation: Operation = operations[name];
    admit(token, operation);
    const call = callOf(incoming);
    const input = parseInput(operation, await incoming.input());
    if (!goesOn(name)) return { kind: "json", value: await this.#once(name, input, call) };
    const { lost, release } = this.#tokens.hold(token, operation.permission);
    incoming.signal.addEventListener("abort", release, { once: true });
    call.signal = AbortSignal.any([incoming.signal, lost]);
    if (operation.answer !== "lines") return { kind: "json", value: await this.#once(name, input, call).finally(release) };
    try {
      const lines = (await this.#decided(name, input, call)) as AsyncIterable<unknown>;
      return { kind: "lines", lines: untilLost(lines, { lost, release }) };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** What a handler does within its call: another operation, which its caller must be allowed to do as well. */
  readonly perform: Perform = async (call, name, input) => {
    const operation: Operation = operations[name];
    admit(call.token, operation);
    const [parsed, inner] = [parseInput(operation, input), within(call, name)];
    // What it expects of the world is asked in the transaction of each who asks: none of them is answered with what another has done.
    return (await (call.expects ? this.#decided(name, parsed, inner) : this.#once(name, parsed, inner))) as never;
  };

  /** Does what a person has approved. Throws `BeyondGrant` where it is beyond the grant in what they were not told of. */
  onBehalf(call: Call, name: OperationName, input: Record<string, unknown>): Promise<unknown> {
    return this.#decided(name, input, call);
  }

  /** With an idempotency key a change is made once, whoever dies meanwhile. */
  #once(name: OperationName, input: Record<string, unknown>, call: Call): Promise<unknown> {
    const { tenant, idempotencyKey: key } = call;
    const operation: Operation = operations[name];
    const isOnce = operation.effect !== "read" && !isContent(name) && operation.answersSecret !== true;
    if (key === undefined || !isOnce) return this.#decided(name, input, call);
    // What a grant covers is not known yet.
    if (call.token.grant === undefined) this.#handler(name).ahead?.(input, call);
    // What is within a grant can have changed by the call's own first try: an answer that is stored stands.
    return this.#idempotency.once({ tenant, key, operation: name, input }, (claim) =>
      this.#decided(name, input, Object.assign(call, { claim, journaled: claim.isMade })),
    );
  }

  /** Does it where the caller's grant covers it; else asks for an approval, or refuses. */
  async #decided(name: OperationName, input: Record<string, unknown>, call: Call): Promise<unknown> {
    const { token } = call;
    const operation: Operation = operations[name];
    if (token.grant === undefined) return this.#act(name, input, call);
    const subject = await subjectOf(this.#database, call, name, operation, input);
    const decision = decide(token, operation, subject, call.approved?.lifts);
    if (decision.kind === "allowed") return this.#tried(name, input, call);
    if (decision.kind === "hidden") throw absent(subject);
    if (decision.kind === "forbidden") throw new SlipError("forbidden", decision.why);
    return this.#ask(call, { name, input, kept: input, beyond: decision.beyond });
  }

  /** Does it, unless its handler sees what the input alone did not say: then a person is asked, too. */
  async #tried(name: OperationName, input: Record<string, unknown>, call: Call): Promise<unknown> {
    try {
      return await this.#act(name, input, call);
    } catch (error) {
      if (!(error instanceof BeyondGrant)) throw error;
      return this.#ask(call, { name, input, kept: error.input ?? input, beyond: error.beyond });
    }
  }

  /** `kept` is what is done once it is approved; `input` is how the same request is known again. */
  async #ask(call: Call, { name, input, kept, beyond }: Beyondness): Promise<unknown> {
    // What was approved asks nobody itself: it ends, with all that it is done within, and goes on by another approval.
    if (call.approved !== undefined) throw new BeyondGrant(beyond, call.within === undefined ? kept : undefined);
    // What was planned is approved as the plan, so that it is done only as it was shown, and while nothing has moved.
    if (call.expects !== undefined) {
      const asked = { name: "plans.apply" as const, input: { plan: call.expects.plan } };
      const requestSha256 = this.#idempotency.hashOf({ operation: asked.name, input: asked.input });
      return ((await this.#askApproval(call, { ...asked, beyond, requestSha256, does: { name, input: kept } })) as OutputOf<"plans.apply">).output;
    }
    return this.#askApproval(call, { name, input: kept, beyond, requestSha256: this.#idempotency.hashOf({ operation: name, input }) });
  }

  #handler(name: OperationName): AnyHandler {
    return this.#handlers[name] as unknown as AnyHandler;
  }

  async #act(name: OperationName, input: Record<string, unknown>, call: Call): Promise<unknown> {
    const operation: Operation = operations[name];
    const value = await this.#handler(name)(input, call);
    // Handlers journal in the transaction of their change; one that has none is journaled here.
    if (operation.effect !== "read" && !call.journaled && !isContent(name)) await journal(this.#database, call, { operation: name, input });
    return value;
  }
}

/** What lasts as long as its caller wants it, or as a program of theirs does; a plan may be of a command. */
const goesOn = (name: OperationName): boolean => operations[name].answer === "lines" || name === "apps.run" || name === "plans.apply";

/** Nothing more is given once the token is lost, and the stream breaks off, so that it is not taken for whole. */
async function* untilLost(lines: AsyncIterable<unknown>, { lost, release }: Hold): AsyncGenerator<unknown> {
  try {
    for await (const line of lines) {
      lost.throwIfAborted();
      yield line;
    }
    lost.throwIfAborted();
  } finally {
    release();
  }
}

/** What is outside a grant is answered as its handler answers for what is not there. */
const absent = (subject: Subject): SlipError => {
  if (subject.about !== "app") return new SlipError("not_found");
  const { app, byId } = subject;
  if (byId === undefined) return noApp(app.name);
  if (byId.startsWith("jrn_")) return noEntry(byId);
  return byId.startsWith("pln_") ? noPlan(byId) : noDeployment(byId);
};

/** What nobody could approve for this token is refused before its input is read. */
const admit = ({ kind, giverVerbs: verbs }: Token, { permission }: Operation): void => {
  if (!mayDo({ kind, verbs }, permission)) throw new SlipError("forbidden", `The token may not ${permission}.`);
};

/** Asked again, the call has the same key for what it does within. */
const within = (call: Call, name: OperationName): Call => {
  const { idempotencyKey: key, approved, ...rest } = call;
  const idempotencyKey = key === undefined ? undefined : keyWithin(key, name);
  const by = approved === undefined ? {} : { approved: { by: approved.by, lifts: approved.lifts } };
  return { ...rest, idempotencyKey, claim: undefined, within: call, journaled: false, ...by };
};

const callOf = ({ token, idempotencyKey, requestId, signal, body = Readable.from([]) }: Incoming): Call => {
  if (idempotencyKey !== undefined && !keyPattern.test(idempotencyKey))
    throw new SlipError("invalid_input", "The idempotency key is 1–128 printable characters without spaces.");
  return { tenant: token.tenant, actor: token.actor, token, requestId, idempotencyKey: ownKey(token, idempotencyKey), signal, body, journaled: false };
};

/** Keys of a grant, or of an invitation, are its own: with the key of another call it is not given the answer of that, which may be outside of what it covers. */
const ownKey = ({ id, kind, grantId }: Token, key: string | undefined): string | undefined => {
  const owner = kind === "invitation" ? id : grantId;
  return owner === null || key === undefined ? key : keyWithin(key, owner);
};

/** Contents are named by their hash: sending them twice changes nothing, and only the deployment that uses them is worth a journal entry. */
const isContent = (name: OperationName): boolean => ["sources.check", "sources.upload", "sources.uploadMany"].includes(name);
