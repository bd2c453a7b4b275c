// What commands on webhooks say in the end.
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Webhook, WebhookDelivery } from "@slipstream/contract/words.ts";
import type { Invocation } from "../../command.ts";
import { tookText } from "../../terminal/time.ts";
import { say, sayWithNote } from "./say.ts";

export const webhookState = ({ state, pausedBecause, failingSince }: Webhook): string =>
  state === "paused" ? `paused (${pausedBecause})` : failingSince === undefined ? "active" : "failing";

const tellCreated = (call: Invocation, made: OutputOf<"webhooks.create">): number =>
  sayWithNote(call, made, {
    line: `${made.webhook}\n${made.secret}`,
    note: "Keep the secret at the receiver, which checks the signatures with it. It is not said again; 'slip webhooks rotate' makes another.",
  });

const tellRotated = (call: Invocation, answer: OutputOf<"webhooks.rotate">): number =>
  sayWithNote(call, answer, {
    line: answer.secret,
    note: call.options.now === true ? "The secrets of before sign no more." : `The secrets of before sign too until ${answer.endsAt}.`,
  });

/** Fails like a deployment that failed, so that a script sees it. */
const tellTest = (call: Invocation, delivery: WebhookDelivery): number => {
  const isReceived = delivery.state === "delivered";
  if (call.screen.json) call.screen.data(delivery);
  else if (isReceived) call.screen.note(`received: ${delivery.status} after ${tookText(delivery.durationMs ?? 0)}`);
  else call.screen.note(`not received: ${delivery.problem ?? "it waits behind other events"}`);
  return isReceived ? 0 : 1;
};

const tellRedelivered = (call: Invocation, answer: OutputOf<"webhooks.redeliver">): number =>
  say(call, answer, `${answer.redelivered} ${answer.redelivered === 1 ? "event is" : "events are"} sent again`, false);

export const webhookOutcomes = {
  "webhooks.test": tellTest,
  "webhooks.redeliver": tellRedelivered,
  "webhooks.create": tellCreated,
  "webhooks.update": (call: Invocation, webhook: Webhook) =>
    say(call, webhook, `${webhook.webhook} is ${webhookState(webhook)}, with ${webhook.topics?.join(", ") ?? "all topics"}, at ${webhook.url}`, false),
  "webhooks.remove": (call: Invocation, removed: OutputOf<"webhooks.remove">) => say(call, removed, `${removed.webhook} is removed`, false),
  "webhooks.rotate": tellRotated,
} as const;
