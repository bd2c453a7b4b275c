import { SlipError } from "@slipstream/contract/errors.ts";
import { type Webhook, type WebhookDelivery, WebhookTopic } from "@slipstream/contract/words.ts";
import type { Argument, Command, ExitCode, Invocation, Option } from "../command.ts";
import { first } from "../command.ts";
import { change, planOption } from "../plan/change.ts";
import { webhookState } from "../plan/outcomes/webhooks.ts";
import { tookText } from "../terminal/time.ts";
import { pageOf, pageOptions, textOf } from "./options.ts";

const webhookArgument: Argument = { name: "WEBHOOK", summary: "id of the webhook (whk_…)" };
const topicsOption: Option = { flags: "-t, --topics <LIST>", summary: "topics to send, with commas between them; all = all of them" };
const descriptionOption: Option = { flags: "-d, --description <TEXT>", summary: "what it is for" };

/** Topics as they are written in an option: null for all of them. Throws `usage` for one that there is not. */
const topicsOf = (text: string | undefined): Webhook["topics"] | null | undefined => {
  if (text === undefined) return undefined;
  const words = text.split(",").map((word) => word.trim());
  if (words.length === 1 && words[0] === "all") return null;
  return words.map((word) => {
    const topic = WebhookTopic.safeParse(word);
    if (topic.success) return topic.data;
    throw new SlipError("usage", `There is no topic "${word.slice(0, 40)}".`, { next: `Choose of ${WebhookTopic.options.join(", ")}.` });
  });
};

const add = (call: Invocation): Promise<number> => {
  const topics = topicsOf(textOf(call.options, "topics"));
  const description = textOf(call.options, "description");
  return change(call, "webhooks.create", { url: first(call), ...(topics ? { topics } : {}), ...(description === undefined ? {} : { description }) });
};

const list = async (call: Invocation): Promise<ExitCode> => {
  const answer = await call.session.call("webhooks.list", {});
  call.screen.list(answer, {
    heading: ["webhook", "state", "topics", "created", "url"],
    rows: answer.webhooks.map((it) => [it.webhook, webhookState(it), it.topics?.join(",") ?? "all", call.screen.time(it.createdAt), it.url]),
    empty: "No webhooks.",
  });
  return 0;
};

const set = async (call: Invocation): Promise<number> => {
  const url = textOf(call.options, "url");
  const topics = topicsOf(textOf(call.options, "topics"));
  const description = textOf(call.options, "description");
  const asked = {
    ...(url === undefined ? {} : { url }),
    ...(topics === undefined ? {} : { topics }),
    ...(description === undefined ? {} : { description: description === "" ? null : description }),
  };
  if (Object.keys(asked).length === 0) throw new SlipError("usage", "Nothing is to be changed.", { next: "Name --url, --topics or --description." });
  return change(call, "webhooks.update", { webhook: first(call), ...asked });
};

const pause =
  (paused: boolean) =>
  (call: Invocation): Promise<number> =>
    change(call, "webhooks.update", { webhook: first(call), paused });

const remove = (call: Invocation): Promise<number> => change(call, "webhooks.remove", { webhook: first(call) });

const rotate = (call: Invocation): Promise<number> =>
  change(call, "webhooks.rotate", { webhook: first(call), ...(call.options.now === true ? { graceMs: 0 } : {}) });

const resultOf = ({ state, status, problem }: WebhookDelivery): string => (state === "delivered" ? String(status) : (problem ?? "–"));

const test = (call: Invocation): Promise<number> => change(call, "webhooks.test", { webhook: first(call) });

const states = ["waiting", "delivered", "failed"] as const;

const stateOption = (text: string | undefined): WebhookDelivery["state"] | undefined => {
  const state = states.find((each) => each === text);
  if (text !== undefined && state === undefined)
    throw new SlipError("usage", `There is no state "${text.slice(0, 40)}".`, { next: `Choose of ${states.join(", ")}.` });
  return state;
};

const deliveries = async (call: Invocation): Promise<ExitCode> => {
  const state = stateOption(textOf(call.options, "state"));
  const answer = await call.session.call("webhooks.deliveries", { webhook: first(call), ...(state && { state }), ...pageOf(call.options) });
  const { screen } = call;
  screen.list(answer, {
    heading: ["delivery", "topic", "state", "attempts", "took", "created", "next", "result"],
    rows: answer.deliveries.map((it) => [
      ...[it.delivery, it.topic, it.state, String(it.attempts)],
      it.durationMs === undefined ? "–" : tookText(it.durationMs),
      screen.time(it.createdAt),
      it.nextAttemptAt ?? "–",
      resultOf(it),
    ]),
    empty: "Nothing was sent yet.",
  });
  return 0;
};

const redeliver = (call: Invocation): Promise<number> => {
  const [webhook = "", delivery] = call.args;
  return change(call, "webhooks.redeliver", { webhook, ...(delivery === undefined ? {} : { delivery }) });
};

const example = "whk_01k0vj6dmy1wq4c8t2r9e5n7hx";

export const webhooks: Command = {
  name: "webhooks",
  summary: "Send events to receivers of your own, signed, and see what became of them.",
  examples: ["slip webhooks add https://hooks.example.org/slip", "slip webhooks list"],
  commands: [
    {
      name: "add",
      summary: "Send events to a receiver; prints its id and the signing secret, once.",
      arguments: [{ name: "URL", summary: "https address of the receiver" }],
      options: [topicsOption, descriptionOption, planOption],
      notes: "Signatures, ids and retries are those of Standard Webhooks (standardwebhooks.com), so its libraries verify them.",
      examples: [
        "slip webhooks add https://hooks.example.org/slip",
        "slip webhooks add https://hooks.example.org/slip --topics deployment.failed,deployment.live",
      ],
      run: add,
    },
    { name: "list", summary: "List the webhooks.", examples: ["slip webhooks list"], run: list },
    {
      name: "set",
      summary: "Change the address, topics or description of a webhook.",
      arguments: [webhookArgument],
      options: [{ flags: "-u, --url <URL>", summary: "https address of the receiver" }, topicsOption, descriptionOption, planOption],
      examples: [`slip webhooks set ${example} --topics all`],
      run: set,
    },
    {
      name: "pause",
      summary: "Let events wait; they are kept for a week.",
      arguments: [webhookArgument],
      options: [planOption],
      examples: [`slip webhooks pause ${example}`],
      run: pause(true),
    },
    {
      name: "resume",
      summary: "Let a paused webhook go on, with what has waited.",
      arguments: [webhookArgument],
      options: [planOption],
      examples: [`slip webhooks resume ${example}`],
      run: pause(false),
    },
    {
      name: "rotate",
      summary: "Give a webhook another signing secret; the one of before signs too for a day.",
      arguments: [webhookArgument],
      options: [{ flags: "--now", summary: "the secrets of before sign no more, for one that others have seen" }, planOption],
      examples: [`slip webhooks rotate ${example}`],
      run: rotate,
    },
    {
      name: "test",
      summary: "Send a ping and say what came of it.",
      arguments: [webhookArgument],
      options: [planOption],
      examples: [`slip webhooks test ${example}`, `slip webhooks test ${example} --plan`],
      run: test,
    },
    {
      name: "deliveries",
      summary: "List what was sent to a webhook and what waits, newest first.",
      arguments: [webhookArgument],
      options: [{ flags: "-s, --state <STATE>", summary: "waiting, delivered or failed alone" }, ...pageOptions],
      examples: [`slip webhooks deliveries ${example} --state failed`],
      run: deliveries,
    },
    {
      name: "redeliver",
      summary: "Send an event again, with the same id; without a delivery all that failed.",
      arguments: [webhookArgument, { name: "DELIVERY", summary: "id of the delivery (dlv_…)", optional: true }],
      options: [planOption],
      examples: [`slip webhooks redeliver ${example}`, `slip webhooks redeliver ${example} dlv_01k0vj6dmy1wq4c8t2r9e5n7hx`],
      run: redeliver,
    },
    {
      name: "rm",
      summary: "Remove a webhook, with what has not been delivered.",
      arguments: [webhookArgument],
      options: [planOption],
      examples: [`slip webhooks rm ${example}`],
      run: remove,
    },
  ],
};
