// Brings events to webhooks: takes them from the outbox, sends what is due, and writes down what came of it. PostgreSQL has all of it,
// so whenever this process dies, the next one goes on; what was sent and not written down is sent again, with the same id.
import type https from "node:https";
import { limit } from "@slipstream/contract/limits.ts";
import { wallClock } from "#platform/clock.ts";
import type { Database, Query } from "#platform/database.ts";
import type { Log } from "#platform/log.ts";
import { Turns } from "#platform/turns.ts";
import { between, type FaultPoints } from "../faults/fault-points.ts";
import { journal } from "../journal/journal-store.ts";
import { announce } from "../outbox/outbox-store.ts";
import type { Sealing } from "../secrets/sealing.ts";
import { type Attempted, type Due, dispatchEvents, dueDeliveries, isAnyFresh, type Outgoing, outgoing, saveAttempt } from "./delivery-store.ts";
import type { Receivers } from "./receiver.ts";
import { pauseAfter } from "./retry.ts";
import { type Answer, agentTrusting, send } from "./send.ts";
import { signedHeaders } from "./signature.ts";
import { signingSecrets } from "./signing-secret-store.ts";
import { toWebhook } from "./webhook.ts";
import { holdWebhook, noteFailed, noteReceived, pauseWebhook } from "./webhook-store.ts";

export interface DelivererParts {
  database: Database;
  sealing: Sealing;
  receivers: Receivers;
  /** PEM of the authority that certificates of this platform's own host names are signed by; the system's are trusted besides. */
  authority: string;
  faultPoints: FaultPoints;
  version: string;
  log: Log;
}

const gone = 410;
/** What cannot be sent for a reason of ours is left alone for so long. */
const defectMs = 30_000;

/** The time by which something is due: of a clock that was set back, the time as it was. */
export const dueTime = (): Date => new Date(Math.max(...wallClock.times()));

const isReceived = (answer: Answer): boolean => "status" in answer && answer.status >= 200 && answer.status < 300;

/** What an answer means for the delivery. Pure, but for the time. */
const outcomeOf = (answer: Answer, attempts: number, startedAt: Date): Pick<Attempted, "state" | "status" | "problem" | "nextAt" | "attemptedAt"> => {
  const status = "status" in answer ? answer.status : null;
  const seen = { status, problem: "problem" in answer ? answer.problem : null, attemptedAt: startedAt };
  if (isReceived(answer)) return { ...seen, state: "delivered", nextAt: null };
  const retryAfterMs = "status" in answer ? answer.retryAfterMs : undefined;
  const pauseMs = status === gone ? undefined : pauseAfter(attempts, { random: Math.random(), retryAfterMs });
  const problem = seen.problem ?? (status === gone ? "The receiver wants no more events." : `The receiver answered ${status}.`);
  return {
    ...seen,
    problem,
    state: pauseMs === undefined ? "failed" : "waiting",
    nextAt: pauseMs === undefined ? null : new Date(dueTime().getTime() + pauseMs),
  };
};

export class Deliverer {
  readonly #parts: DelivererParts;
  readonly #looks = new Turns(1);
  /** Under way in this process, by the delivery's id. */
  readonly #underWay = new Map<string, Due>();
  #agent: https.Agent | undefined;

  constructor(parts: DelivererParts) {
    this.#parts = parts;
  }

  get receivers(): Receivers {
    return this.#parts.receivers;
  }

  /** Takes what is new and begins to send what is due; does not wait for the receivers. */
  look(): Promise<void> {
    return this.#looks.run(async () => {
      await this.#dispatch();
      for (const due of await dueDeliveries(this.#parts.database, dueTime(), this.#busy())) if (this.#hasRoomFor(due)) this.#begin(due);
    });
  }

  async #dispatch(): Promise<void> {
    const { database, faultPoints } = this.#parts;
    while (await isAnyFresh(database))
      await database.begin(async (query) => {
        await dispatchEvents(query, dueTime());
        await faultPoints("webhooks.dispatch");
      });
  }

  #count(of: "webhook" | "tenant"): Map<string, number> {
    const counts = new Map<string, number>();
    for (const due of this.#underWay.values()) counts.set(due[of], (counts.get(due[of]) ?? 0) + 1);
    return counts;
  }

  #busy() {
    const full = (of: "webhook" | "tenant", bound: number): string[] => [...this.#count(of)].filter(([, count]) => count >= bound).map(([id]) => id);
    return {
      deliveries: [...this.#underWay.keys()],
      webhooks: full("webhook", limit("webhookSendsOfOne")),
      tenants: full("tenant", limit("webhookSendsOfTenant")),
    };
  }

  #hasRoomFor({ webhook, tenant }: Due): boolean {
    const { webhooks, tenants } = this.#busy();
    return this.#underWay.size < limit("webhookSends") && !webhooks.includes(webhook) && !tenants.includes(tenant);
  }

  #begin(due: Due): void {
    this.#underWay.set(due.id, due);
    const forget = (): void => void this.#underWay.delete(due.id);
    this.#attempt(due.id).then(forget, (error: unknown) => {
      this.#parts.log.error("an event could not be sent", error, { delivery: due.id, webhook: due.webhook });
      setTimeout(forget, defectMs).unref();
    });
  }

  async #attempt(id: string): Promise<void> {
    const { database, faultPoints } = this.#parts;
    const message = await outgoing(database, id);
    if (!message) return;
    const startedAt = new Date();
    const begun = performance.now();
    const answer = await between(faultPoints, "webhooks.send", () => this.#send(message, startedAt));
    const attempted = { ...outcomeOf(answer, message.attempts + 1, startedAt), durationMs: performance.now() - begun };
    await database.begin((query) => this.#record(query, message, attempted));
  }

  async #send({ event, webhook, tenant, url, topic, payload, toldAt }: Outgoing, sentAt: Date): Promise<Answer> {
    const { database, sealing, receivers, version, authority } = this.#parts;
    this.#agent ??= agentTrusting(authority);
    const body = JSON.stringify({ type: topic, timestamp: toldAt.toISOString(), data: payload });
    const secrets = await signingSecrets(database, sealing, { tenant, webhook });
    const headers = {
      "content-type": "application/json",
      "user-agent": `Slipstream/${version}`,
      ...signedHeaders({ id: event, sentAt, body }, secrets),
    };
    return send({ url, headers, body }, { receivers, agent: this.#agent });
  }

  async #record(query: Query, message: Outgoing, attempted: Attempted): Promise<void> {
    await holdWebhook(query, message.webhook);
    await saveAttempt(query, message, attempted);
    if (attempted.state === "delivered") return noteReceived(query, message.webhook);
    const failingSince = await noteFailed(query, message.webhook, dueTime());
    if (attempted.status === gone) return this.#pause(query, message, "gone");
    const failingMs = failingSince === undefined ? 0 : wallClock.ageMs(failingSince.getTime());
    if (failingMs > limit("webhookFailingMs")) return this.#pause(query, message, "failing");
  }

  /** Its tenant is told by the journal, and by the webhooks that are left. */
  async #pause(query: Query, { id, webhook, tenant }: Outgoing, because: "gone" | "failing"): Promise<void> {
    const row = await pauseWebhook(query, webhook, because);
    if (!row) return;
    const by = { tenant, actor: "slipstream", requestId: id, journaled: false };
    const inverse = { operation: "webhooks.update", input: { webhook, paused: false } };
    await journal(query, by, { operation: "webhooks.update", input: { webhook, paused: true, because }, inverse });
    await announce(query, { tenant, topic: "webhook.paused", subject: webhook, data: toWebhook(row) });
  }
}
