// What a webhook and a delivery are, as pure rules over their rows.
import type { Topic, Webhook, WebhookDelivery } from "@slipstream/contract/words.ts";

export interface WebhookRow {
  id: string;
  tenant: string;
  url: string;
  description: string | null;
  topics: Webhook["topics"] | null;
  paused: NonNullable<Webhook["pausedBecause"]> | null;
  failingSince: Date | null;
  createdAt: Date;
}

export const toWebhook = (row: WebhookRow): Webhook => ({
  webhook: row.id,
  url: row.url,
  ...(row.topics ? { topics: row.topics } : {}),
  ...(row.description === null ? {} : { description: row.description }),
  state: row.paused === null ? "active" : "paused",
  ...(row.paused === null ? {} : { pausedBecause: row.paused }),
  ...(row.failingSince === null ? {} : { failingSince: row.failingSince.toISOString() }),
  createdAt: row.createdAt.toISOString(),
});

export interface DeliveryRow {
  id: string;
  webhookId: string;
  event: string;
  topic: Topic;
  state: WebhookDelivery["state"];
  attempts: number;
  nextAt: Date;
  status: number | null;
  problem: string | null;
  durationMs: number | null;
  attemptedAt: Date | null;
  createdAt: Date;
}

export const toDelivery = (row: DeliveryRow): WebhookDelivery => ({
  delivery: row.id,
  webhook: row.webhookId,
  event: row.event,
  topic: row.topic,
  state: row.state,
  attempts: row.attempts,
  ...(row.status === null ? {} : { status: row.status }),
  ...(row.problem === null ? {} : { problem: row.problem }),
  ...(row.durationMs === null ? {} : { durationMs: row.durationMs }),
  ...(row.attemptedAt === null ? {} : { attemptedAt: row.attemptedAt.toISOString() }),
  ...(row.state === "waiting" ? { nextAttemptAt: row.nextAt.toISOString() } : {}),
  createdAt: row.createdAt.toISOString(),
});
