import { z } from "zod";
import { limit } from "../limits.ts";
import { DeliveryId, Timestamp, Webhook, WebhookDelivery, WebhookId, WebhookTopic } from "../words.ts";
import { operation } from "./operation.ts";
import { pageOf } from "./page.ts";

const byId = z.object({ webhook: WebhookId });
/** Https alone; the server says what else an address must be. */
const url = z.string().max(2_048);
const topics = z.array(WebhookTopic).min(1).max(WebhookTopic.options.length);
const description = z.string().max(256);
const secret = z.string().describe("Signs what is delivered (Standard Webhooks). It is not said again.");

export const webhooks = {
  "webhooks.create": operation({
    name: "webhooks.create",
    summary: "Send events to a receiver, signed; answers the signing secret, once.",
    method: "POST",
    path: "/v1/webhooks",
    input: z.object({ url, topics: topics.optional(), description: description.optional() }),
    output: Webhook.extend({ secret }),
    permission: "configure",
    effect: "write",
    answersSecret: true,
    errors: ["conflict"],
  }),
  "webhooks.list": operation({
    name: "webhooks.list",
    summary: "List the webhooks.",
    method: "GET",
    path: "/v1/webhooks",
    input: z.object({}),
    output: z.object({ webhooks: z.array(Webhook) }),
    permission: "read",
    effect: "read",
    errors: [],
  }),
  "webhooks.get": operation({
    name: "webhooks.get",
    summary: "Show one webhook.",
    method: "GET",
    path: "/v1/webhooks/{webhook}",
    input: byId,
    output: Webhook,
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "webhooks.update": operation({
    name: "webhooks.update",
    summary: "Change the address or topics of a webhook, pause it, or let it go on; while it is paused its events wait.",
    method: "PUT",
    path: "/v1/webhooks/{webhook}",
    /** What is absent stays as it is; null as topics means all, and as description none. */
    input: byId.extend({
      url: url.optional(),
      topics: topics.nullable().optional(),
      description: description.nullable().optional(),
      paused: z.boolean().optional(),
    }),
    output: Webhook,
    permission: "configure",
    effect: "write",
    errors: ["not_found"],
  }),
  "webhooks.remove": operation({
    name: "webhooks.remove",
    summary: "Remove a webhook, with what has not been delivered to it.",
    method: "DELETE",
    path: "/v1/webhooks/{webhook}",
    input: byId,
    output: byId,
    permission: "configure",
    effect: "destroy",
    errors: ["not_found"],
  }),
  "webhooks.rotate": operation({
    name: "webhooks.rotate",
    summary: "Give a webhook another signing secret; the one of before signs too for a while.",
    method: "POST",
    path: "/v1/webhooks/{webhook}/secret",
    input: byId.extend({
      /** How long the secrets of before go on signing. */
      graceMs: z.int().min(0).max(limit("webhookSecretGraceMs")).default(limit("webhookSecretGraceMs")),
    }),
    output: byId.extend({ secret, endsAt: Timestamp.describe("When the secrets of before end.") }),
    permission: "configure",
    effect: "write",
    answersSecret: true,
    errors: ["not_found"],
  }),
  "webhooks.test": operation({
    name: "webhooks.test",
    summary: "Send a ping to a webhook; answers when it was tried.",
    method: "POST",
    path: "/v1/webhooks/{webhook}/test",
    input: byId,
    output: WebhookDelivery,
    permission: "configure",
    effect: "write",
    errors: ["not_found", "conflict"],
  }),
  "webhooks.deliveries": operation({
    name: "webhooks.deliveries",
    summary: "List what was sent to a webhook and what waits, newest first.",
    method: "GET",
    path: "/v1/webhooks/{webhook}/deliveries",
    input: byId.extend({ state: WebhookDelivery.shape.state.optional(), ...pageOf(DeliveryId) }),
    output: z.object({ deliveries: z.array(WebhookDelivery) }),
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "webhooks.redeliver": operation({
    name: "webhooks.redeliver",
    summary: "Send an event again, with the same id; without a delivery all that failed.",
    method: "POST",
    path: "/v1/webhooks/{webhook}/redeliver",
    input: byId.extend({ delivery: DeliveryId.optional() }),
    output: z.object({ redelivered: z.int() }),
    permission: "configure",
    effect: "write",
    errors: ["not_found", "conflict"],
  }),
};
