// What is sent again when somebody asks for it: one delivery, or all that failed. Plans read and remember it.
import { limit } from "@slipstream/contract/limits.ts";
import type { Query } from "#platform/database.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";
import { deliveriesOf, deliveryOf, failedOf } from "./delivery-store.ts";
import { signingVersion } from "./signing-secret-store.ts";
import { type DeliveryRow, stateOfWebhook, type WebhookRow } from "./webhook.ts";

export type Again =
  | { kind: "one"; delivery: DeliveryRow }
  /** The newest by name, all in their hash. */
  | { kind: "failed"; newest: DeliveryRow[]; count: number; digest: string };

export interface Redelivery {
  webhook: WebhookRow;
  /** Of its newest signing secret. */
  version: number;
  again: Again;
}

/** Throws `not_found` for a delivery that is not there. */
export const redeliveryOf = async (query: Query, webhook: WebhookRow, delivery: string | undefined): Promise<Redelivery> => {
  const { id } = webhook;
  const version = await signingVersion(query, id);
  if (delivery !== undefined) return { webhook, version, again: { kind: "one", delivery: await deliveryOf(query, id, delivery) } };
  const newest = await deliveriesOf(query, id, { state: "failed", limit: limit("planChanges") });
  return { webhook, version, again: { kind: "failed", newest, ...(await failedOf(query, id)) } };
};

/** "failed after 8 attempts" */
export const deliveryText = ({ state, attempts }: DeliveryRow): string => `${state} after ${attempts} attempt${attempts === 1 ? "" : "s"}`;

const stateOfAgain = (again: Again): Fingerprint => {
  if (again.kind === "failed") return { "failed deliveries": String(again.count), "the list of failed deliveries": `#${again.digest}` };
  const { id, attemptedAt } = again.delivery;
  return { [`delivery ${id}`]: `${deliveryText(again.delivery)}${attemptedAt === null ? "" : `, the last at ${attemptedAt.toISOString()}`}` };
};

/** What plans remember of it: the webhook, and how the deliveries have gone. Pure. */
export const stateOfRedelivery = ({ webhook, version, again }: Redelivery): Fingerprint => ({ ...stateOfWebhook(webhook, version), ...stateOfAgain(again) });
