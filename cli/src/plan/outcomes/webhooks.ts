// What commands on webhooks say in the end.
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Webhook } from "@slipstream/contract/words.ts";
import type { Invocation } from "../../command.ts";
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

export const webhookOutcomes = {
  "webhooks.create": tellCreated,
  "webhooks.update": (call: Invocation, webhook: Webhook) =>
    say(call, webhook, `${webhook.webhook} is ${webhookState(webhook)}, with ${webhook.topics?.join(", ") ?? "all topics"}, at ${webhook.url}`, false),
  "webhooks.remove": (call: Invocation, removed: OutputOf<"webhooks.remove">) => say(call, removed, `${removed.webhook} is removed`, false),
  "webhooks.rotate": tellRotated,
} as const;
