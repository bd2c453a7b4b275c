// What would be sent to a webhook: a ping, or events once more.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { PlanChange } from "@slipstream/contract/plan.ts";
import { pingOfPlan } from "../../webhooks/delivery-store.ts";
import { type Again, deliveryText, type Redelivery, redeliveryOf, stateOfRedelivery } from "../../webhooks/redelivery.ts";
import { signingVersion } from "../../webhooks/signing-secret-store.ts";
import { type DeliveryRow, stateOfWebhook, toDelivery } from "../../webhooks/webhook.ts";
import { expectActive, tried } from "../../webhooks/webhook-operations.ts";
import { webhookIn } from "../../webhooks/webhook-store.ts";
import { change } from "../diff.ts";
import { planner } from "../planner.ts";
import type { WebhookRows } from "./webhooks.ts";

const test = planner<"webhooks.test", Omit<WebhookRows, "waiting">>({
  read: ({ snapshot, call }, { webhook }) =>
    snapshot(async (query) => {
      const row = await webhookIn(query, call.tenant, webhook);
      const version = await signingVersion(query, webhook);
      return { row, version, fingerprint: stateOfWebhook(row, version) };
    }),
  plan(_, { row, version }) {
    expectActive(row);
    return {
      changes: [
        ...change("event webhook.ping", undefined, `to ${row.url}`),
        ...change("signed with", undefined, `the secret of version ${version}`),
        ...change("attempt", undefined, "the first, at once"),
      ],
      interrupts: [],
      quota: [],
    };
  },
  async again({ control, call, plan }, { webhook }) {
    const sent = await pingOfPlan(control.database, webhook, plan.id);
    if (sent === undefined)
      throw new SlipError("conflict", "The ping was sent, and is not kept any more.", { next: "Send another with 'slip webhooks test'." });
    return toDelivery(await tried(control, call, webhook, sent.id));
  },
});

const resent = (row: DeliveryRow): PlanChange[] =>
  change(`delivery ${row.id} of ${row.topic}`, deliveryText(row), `waiting: event ${row.event}, attempt 1 at once`);

const resentAll = (again: Again): PlanChange[] => {
  if (again.kind === "one") return resent(again.delivery);
  const rest = again.count - again.newest.length;
  return [...again.newest.flatMap(resent), ...(rest > 0 ? change("deliveries before those", "failed", `waiting: ${rest} more`) : [])];
};

/** How many are sent again, as plans remember it. */
const countOf = ({ again }: Redelivery): number => (again.kind === "one" ? 1 : again.count);

interface RedeliveryRows extends Redelivery {
  fingerprint: ReturnType<typeof stateOfRedelivery>;
}

const redeliver = planner<"webhooks.redeliver", RedeliveryRows>({
  read: ({ snapshot, call }, { webhook, delivery }) =>
    snapshot(async (query) => {
      const asked = await redeliveryOf(query, await webhookIn(query, call.tenant, webhook), delivery);
      return { ...asked, fingerprint: stateOfRedelivery(asked) };
    }),
  plan(_, rows) {
    const { webhook, again } = rows;
    expectActive(webhook);
    const isKnown = again.kind === "one" && again.delivery.state === "delivered";
    return {
      changes: countOf(rows) === 0 ? [] : [...resentAll(again), ...change("sent to", undefined, webhook.url)],
      interrupts: isKnown ? [{ what: `the receiver at ${webhook.url}`, why: "It has received this event already; the event has the same id." }] : [],
      quota: [],
    };
  },
  again: async ({ plan: { fingerprint } }, { delivery }) => ({ redelivered: delivery === undefined ? Number(fingerprint["failed deliveries"]) : 1 }),
});

export const deliveryPlanners = { "webhooks.test": test, "webhooks.redeliver": redeliver };
