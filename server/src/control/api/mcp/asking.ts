// One call of a tool, a resource or a prompt: who asks, and operations done for them through the gate.
import { createHash } from "node:crypto";
import type { AuthInfo, ServerContext } from "@modelcontextprotocol/server";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf, OutputOf } from "@slipstream/contract/operations/registry.ts";
import { SourcePath } from "@slipstream/contract/source-path.ts";
import type { NeededApproval } from "@slipstream/contract/words.ts";
import { z } from "zod";
import type { Token } from "../../access/token.ts";
import type { JsonName, LinesName } from "../call.ts";
import type { Gate } from "../gate.ts";

interface Asker {
  token: Token;
  requestId: string;
}

/** Carries the caller through the protocol's library, which hands it on unread. */
export const authOf = ({ token, requestId }: Asker): AuthInfo => ({ token: "", clientId: token.actor, scopes: [...token.verbs], extra: { token, requestId } });

const askerOf = (context: ServerContext): Asker => {
  const { token, requestId } = (context.http?.authInfo?.extra ?? {}) as Partial<Asker>;
  if (!token) throw new SlipError("unauthorized");
  return { token, requestId: requestId ?? "" };
};

/** Whose a session or a confirmation is: a token's, or one's that took its place with the same grant. */
export const ownerOf = ({ tenant, id, grantId }: Token): string => `${tenant}\0${grantId ?? id}`;
export const ownerIn = (context: ServerContext): string => ownerOf(askerOf(context).token);

/** A client that sends a call again, because its connection broke, marks both with the same key. */
export const keyName = "slipstream/idempotency-key";

/** What the bridge of the command line knows of a folder that it has sent. */
const Sent = z.object({ suggestedName: z.string().max(1_024).optional(), commit: z.string().max(64).optional(), package: SourcePath.optional() });
const sentName = "slipstream/source";

const tellAgainMs = 10_000;
/** A client that shows progress may wait so long for a person. */
const approvalMs = 300_000;

export class Asking {
  readonly context: ServerContext;
  /** Aborts when the client cancels the call or, where that means the same, goes away. */
  readonly signal: AbortSignal;
  readonly #gate: Gate;
  readonly #asker: Asker;
  #progress = 0;

  constructor(gate: Gate, context: ServerContext) {
    this.context = context;
    this.signal = context.mcpReq.signal;
    this.#gate = gate;
    this.#asker = askerOf(context);
  }

  /** Does an operation. What has begun is not left half done when the client goes away: only reads end with it. */
  async do<N extends JsonName>(name: N, input: InputOf<N>, options: { signal?: AbortSignal } = {}): Promise<OutputOf<N>> {
    // Who asks again is given the answer of what was approved, or is told what else has to be: each is waited for once.
    for (const waited = new Set<string>(); ; )
      try {
        return await this.#once(name, input, options);
      } catch (error) {
        const approval = error instanceof SlipError ? error.details.approval : undefined;
        if (!approval || waited.has(approval.approval) || !(await this.#isDecided(approval))) throw error;
        waited.add(approval.approval);
      }
  }

  async #once<N extends JsonName>(name: N, input: InputOf<N>, options: { signal?: AbortSignal }): Promise<OutputOf<N>> {
    const answer = await this.#pass(name, input, options.signal ?? new AbortController().signal);
    if (answer.kind !== "json") throw new Error(`${name} answers in lines.`);
    return answer.value as OutputOf<N>;
  }

  /** Waits for a person, where the client sees that it does. Whether there is a decision. */
  async #isDecided({ approval, url, command }: NeededApproval): Promise<boolean> {
    if (!this.hasProgress) return false;
    for (const until = performance.now() + approvalMs; performance.now() < until && !this.signal.aborted; ) {
      await this.tell(`a person has to approve this: at ${url}, or with ${command}`);
      const { state } = await this.#once("approvals.wait", { approval, timeoutMs: tellAgainMs }, { signal: this.signal });
      if (state !== "pending" && state !== "approved") return true;
    }
    return false;
  }

  async lines<N extends LinesName>(name: N, input: InputOf<N>, signal: AbortSignal): Promise<AsyncIterable<OutputOf<N>>> {
    const answer = await this.#pass(name, input, signal);
    if (answer.kind !== "lines") throw new Error(`${name} does not answer in lines.`);
    return answer.lines as AsyncIterable<OutputOf<N>>;
  }

  get sent(): z.output<typeof Sent> {
    return Sent.safeParse(this.context.mcpReq._meta?.[sentName]).data ?? {};
  }

  get hasProgress(): boolean {
    return this.context.mcpReq._meta?.progressToken !== undefined;
  }

  /** Tells a client that wants to know how far its call is. */
  async tell(message: string): Promise<void> {
    const progressToken = this.context.mcpReq._meta?.progressToken;
    if (progressToken === undefined || this.signal.aborted) return;
    this.#progress += 1;
    // A client that has gone does not hear it, and that is all.
    await this.context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: this.#progress, message } }).catch(() => {});
  }

  /** Tells the client now and then that something is still under way, so that it does not give up. */
  async telling<T>(what: string, work: Promise<T>): Promise<T> {
    const since = performance.now();
    const timer = setInterval(() => void this.tell(`${what} for ${Math.round((performance.now() - since) / 1_000)} s`), tellAgainMs);
    return work.finally(() => clearInterval(timer));
  }

  #pass(name: JsonName | LinesName, input: Record<string, unknown>, signal: AbortSignal) {
    const { token, requestId } = this.#asker;
    return this.#gate.pass({ token, name, input: () => input, idempotencyKey: this.#keyOf(name, input), requestId, signal });
  }

  /** One call does several operations, each with a key of its own. */
  #keyOf(name: string, input: Record<string, unknown>): string | undefined {
    const key = this.context.mcpReq._meta?.[keyName];
    if (typeof key !== "string") return undefined;
    return createHash("sha256")
      .update(`${key}\n${name}\n${JSON.stringify(input)}`)
      .digest("hex");
  }
}
