// What a webhook and a delivery are, as pure rules over their rows.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { Topic, Webhook, WebhookDelivery } from "@slipstream/contract/words.ts";
import type { Inverse } from "../journal/entry.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";

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

export type WebhookChange = ParsedInputOf<"webhooks.update">;

/** The row with what was asked for; what was not said stays. */
export const changedWebhook = (row: WebhookRow, { url, topics, description, paused }: WebhookChange): WebhookRow => ({
  ...row,
  ...(url === undefined ? {} : { url }),
  ...(topics === undefined ? {} : { topics }),
  ...(description === undefined ? {} : { description }),
  ...(paused === true ? { paused: row.paused ?? "asked" } : {}),
  ...(paused === false ? { paused: null, failingSince: null } : {}),
});

/** What brings back the row as it was, of the fields that were asked for. */
export const undoingOfWebhook = (row: WebhookRow, asked: WebhookChange): Inverse => ({
  operation: "webhooks.update",
  input: {
    webhook: row.id,
    ...(asked.url === undefined ? {} : { url: row.url }),
    ...(asked.topics === undefined ? {} : { topics: row.topics }),
    ...(asked.description === undefined ? {} : { description: row.description }),
    ...(asked.paused === undefined ? {} : { paused: row.paused !== null }),
  },
});

export const topicsText = ({ topics }: Pick<WebhookRow, "topics">): string => topics?.join(", ") ?? "all";
export const stateText = ({ paused }: Pick<WebhookRow, "paused">): string => (paused === null ? "active" : "paused");

/** What plans remember of a webhook: what people have said of it, and not how deliveries go. */
export const stateOfWebhook = (row: WebhookRow, signingVersion: number): Fingerprint => ({
  [`webhook ${row.id}`]: row.url,
  topics: topicsText(row),
  ...(row.description === null ? {} : { description: row.description }),
  state: stateText(row),
  "signing secret": `version ${signingVersion}`,
});

/** What plans of another one remember. */
export const stateOfWebhooks = (rows: readonly WebhookRow[]): Fingerprint => Object.fromEntries(rows.map(({ id, url }) => [`webhook ${id}`, url]));

export const tooManyWebhooks = (): SlipError =>
  new SlipError("conflict", `There are ${limit("webhooks")} webhooks, as many as there may be.`, { next: "Remove one with 'slip webhooks rm'." });

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
