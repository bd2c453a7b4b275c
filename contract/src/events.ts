// What the platform tells of by itself: each topic, when it is told, and the data that it carries. Webhooks send them as they are here.
import { z } from "zod";
import { Approval } from "./operations/approvals.ts";
import { App, AppName, Deployment, Domain, type Topic, Webhook, WebhookId } from "./words.ts";

/** One that waits for a person. */
const AskedApproval = Approval.omit({ decidedBy: true, continuedBy: true, output: true, failure: true });

interface EventEntry {
  when: string;
  data: z.ZodObject;
}

/** Data never holds the value of a secret. */
export const events = {
  "app.created": { when: "An app was made, by itself or with its first deployment.", data: App },
  "app.renamed": { when: "An app that was not live yet took the name in its slip.toml.", data: App.extend({ before: AppName }) },
  "app.destroyed": {
    when: "An app is off the air, and kept for a while.",
    data: App.pick({ app: true, project: true, tenant: true }),
  },
  "app.restored": { when: "An app that was destroyed is back; where it has a release, `deployment.live` is told too.", data: App },
  "app.purged": {
    when: "An app that was destroyed is gone for good, with its releases and domains.",
    data: App.pick({ app: true, project: true, tenant: true }),
  },
  "deployment.live": { when: "A deployment has ended: its release answers.", data: Deployment },
  "deployment.failed": { when: "A deployment has ended with a failure report; what was live before still is.", data: Deployment },
  "deployment.cancelled": { when: "A deployment has ended because somebody, or a newer one, took its place.", data: Deployment },
  "release.rolled_back": { when: "An earlier release is live again; `deployment.live` is told too.", data: Deployment },
  "domain.added": { when: "An app answers at a host name more; one that a deployment brings is told of when that is live.", data: Domain },
  "domain.removed": { when: "An app no longer answers at a host name. The end of an app is told as `app.destroyed` alone.", data: Domain },
  "approval.asked": { when: "A token has asked for what is beyond its grant; a person can approve it.", data: AskedApproval },
  "webhook.paused": { when: "A webhook was paused by the platform: it has answered 410 Gone, or has failed for days.", data: Webhook },
  "webhook.ping": { when: "Somebody tries a webhook; only that one is sent it.", data: z.object({ webhook: WebhookId }) },
} as const satisfies Record<Topic, EventEntry>;

export type EventData<T extends Topic> = z.infer<(typeof events)[T]["data"]>;

/** The JSON body of one topic's events, as Standard Webhooks recommends it. */
export const eventBody = (topic: Topic) => z.object({ type: z.literal(topic), timestamp: z.iso.datetime(), data: events[topic].data });
