// What operations on webhooks would do. Signing secrets are in none of it: one is made when a plan is applied, and said by that answer alone.
import { limit } from "@slipstream/contract/limits.ts";
import type { PlanChange, PlanInterrupt } from "@slipstream/contract/plan.ts";
import { waitingCount } from "../../webhooks/delivery-store.ts";
import { signingVersion } from "../../webhooks/signing-secret-store.ts";
import {
  changedWebhook,
  stateOfWebhook,
  stateOfWebhooks,
  stateText,
  tooManyWebhooks,
  topicsText,
  undoingOfWebhook,
  type WebhookRow,
} from "../../webhooks/webhook.ts";
import { webhookIn, webhooksOf } from "../../webhooks/webhook-store.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { planner, type Reading } from "../planner.ts";
import { counted, quotaOf, spanText } from "../words.ts";

export interface NewRows {
  fingerprint: Fingerprint;
  /** The address as it is kept. */
  url: string;
  count: number;
}

const create = planner<"webhooks.create", NewRows>({
  async read({ snapshot, control, call }, { url }) {
    const checked = control.webhooks.receivers.check(url);
    const rows = await snapshot((query) => webhooksOf(query, call.tenant));
    return { url: checked, count: rows.length, fingerprint: stateOfWebhooks(rows) };
  },
  plan({ topics = null, description }, { url, count }) {
    if (count >= limit("webhooks")) throw tooManyWebhooks();
    return {
      changes: [
        ...change("webhook", undefined, url),
        ...change("webhook topics", undefined, topicsText({ topics })),
        ...change("webhook description", undefined, description),
        ...change("signing secret", undefined, "version 1"),
      ],
      interrupts: [],
      quota: [quotaOf("webhooks", count + 1)],
      inverse: { operation: "webhooks.remove", input: {} },
    };
  },
});

export interface WebhookRows {
  fingerprint: Fingerprint;
  row: WebhookRow;
  /** Of its newest signing secret. */
  version: number;
  /** Deliveries that have not ended. */
  waiting: number;
}

/** Throws `not_found`. */
const readWebhook = ({ snapshot, call }: Reading, id: string): Promise<WebhookRows> =>
  snapshot(async (query) => {
    const row = await webhookIn(query, call.tenant, id);
    const [version, waiting] = [await signingVersion(query, id), await waitingCount(query, id)];
    return { row, version, waiting, fingerprint: stateOfWebhook(row, version) };
  });

const differences = (before: WebhookRow, after: WebhookRow): PlanChange[] => [
  ...change("webhook url", before.url, after.url),
  ...change("webhook topics", topicsText(before), topicsText(after)),
  ...change("webhook description", before.description ?? undefined, after.description ?? undefined),
  ...change("webhook", stateText(before), stateText(after)),
];

const pauseInterrupts = (before: WebhookRow, after: WebhookRow): PlanInterrupt[] =>
  before.paused !== null || after.paused === null
    ? []
    : [{ what: `events for ${after.url}`, why: `They wait until it goes on; what has waited for ${spanText(limit("eventKeptMs"))} is given up.` }];

const update = planner<"webhooks.update", WebhookRows & { url: string | undefined }>({
  async read(reading, { webhook, url }) {
    const checked = url === undefined ? undefined : reading.control.webhooks.receivers.check(url);
    return { ...(await readWebhook(reading, webhook)), url: checked };
  },
  plan(input, { row, url }) {
    const after = changedWebhook(row, { ...input, url });
    return { changes: differences(row, after), interrupts: pauseInterrupts(row, after), quota: [], inverse: undoingOfWebhook(row, input) };
  },
  again: ({ perform, call }, { webhook }) => perform(call, "webhooks.get", { webhook }),
});

const remove = planner<"webhooks.remove", WebhookRows>({
  read: (reading, { webhook }) => readWebhook(reading, webhook),
  plan: (_, { row, version, waiting }) => ({
    changes: [
      ...change("webhook", row.url, undefined),
      ...change("webhook topics", topicsText(row), undefined),
      ...change("webhook description", row.description ?? undefined, undefined),
      ...change("signing secret", `version ${version}`, undefined),
    ],
    interrupts: [
      ...(row.paused === null ? [{ what: `events for ${row.url}`, why: "It is sent none any more." }] : []),
      ...(waiting === 0 ? [] : [{ what: `${counted(waiting, "event")} on the way to it`, why: "What has not been delivered goes with it." }]),
    ],
    quota: [],
  }),
  again: async (_, { webhook }) => ({ webhook }),
});

const rotate = planner<"webhooks.rotate", WebhookRows>({
  read: (reading, { webhook }) => readWebhook(reading, webhook),
  plan: ({ graceMs }, { row, version }) => ({
    changes: change("signing secret", `version ${version}`, `version ${version + 1}`),
    interrupts: [
      {
        what: `a receiver at ${row.url} that knows the secrets of before alone`,
        why: graceMs === 0 ? "They sign no more." : `They sign beside the new one for ${spanText(graceMs)} and then no more.`,
      },
    ],
    quota: [],
  }),
});

export const webhookPlanners = { "webhooks.create": create, "webhooks.update": update, "webhooks.remove": remove, "webhooks.rotate": rotate };
