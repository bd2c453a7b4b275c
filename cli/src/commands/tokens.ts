import type { Grant, Verb } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import { type Command, type ExitCode, first, type Invocation, type OptionValues } from "../command.ts";
import { change, changeWithSecret, planOption } from "../plan/change.ts";
import { aheadTime } from "../terminal/time.ts";
import { countFrom, listOf, textOf } from "./options.ts";

const present = <T extends object>(values: { [K in keyof T]?: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;

const memoryOf = async (text: string | undefined): Promise<number | undefined> => {
  if (text === undefined) return undefined;
  const { Size } = await import("@slipstream/contract/config.ts");
  const read = Size.safeParse(text);
  if (!read.success) throw new SlipError("usage", `--memory is "${text.slice(0, 40)}", which is not a size.`, { next: 'Write "512MB" or "2GB".' });
  return read.data;
};

/** What the options say. Only what is named is narrowed; verbs have to be named. */
export const grantOf = async (options: OptionValues): Promise<Grant> => {
  const verbs = listOf(textOf(options, "verbs"));
  if (verbs === undefined)
    throw new SlipError("usage", "The token needs --verbs: what it may do.", {
      next: "Name some of read,deploy,configure,destroy,administer, for example --verbs read,deploy.",
    });
  const limits = present<NonNullable<Grant["limits"]>>({
    apps: countFrom(0, textOf(options, "apps"), "--apps"),
    memoryBytes: await memoryOf(textOf(options, "memory")),
    instances: countFrom(0, textOf(options, "instances"), "--instances"),
  });
  const budget = present<NonNullable<Grant["budget"]>>({
    builds: countFrom(0, textOf(options, "builds"), "--builds"),
    cpuMinutes: countFrom(0, textOf(options, "cpuMinutes"), "--cpu-minutes"),
  });
  const expires = textOf(options, "expires");
  return present<Grant>({
    verbs: verbs as Verb[],
    projects: listOf(textOf(options, "projects")),
    environments: listOf(textOf(options, "environments")),
    namePrefix: textOf(options, "prefix"),
    limits: Object.keys(limits).length === 0 ? undefined : limits,
    budget: Object.keys(budget).length === 0 ? undefined : budget,
    expiresAt: expires === undefined ? undefined : aheadTime(expires, Date.now()),
  });
};

const create = async (call: Invocation): Promise<number> => changeWithSecret(call, "tokens.create", { name: first(call), grant: await grantOf(call.options) });

/** A grant in words: "read,deploy · apps pr-… · at most 3 apps". */
export const grantText = (grant: Grant | undefined): string => {
  if (grant === undefined) return "whatever its person may";
  const { verbs, projects, environments, namePrefix, limits = {}, budget = {} } = grant;
  const named = (what: string, list: readonly string[] | undefined): string[] => (list === undefined ? [] : [`${what} ${list.join(",") || "none"}`]);
  const bound = (what: string, value: number | undefined): string[] => (value === undefined ? [] : [`at most ${value} ${what}`]);
  return [
    verbs.join(",") || "nothing",
    ...named("projects", projects),
    ...named("environments", environments),
    ...(namePrefix === undefined ? [] : [`apps ${namePrefix}…`]),
    ...bound("apps", limits.apps),
    ...bound("instances", limits.instances),
    ...bound("bytes of memory", limits.memoryBytes),
    ...bound("builds", budget.builds),
    ...bound("CPU minutes", budget.cpuMinutes),
  ].join(" · ");
};

/** What is used up of a budget: "3 of 20 builds, 1.5 of 60 CPU minutes". */
export const usedText = (used: { builds: number; cpuMinutes: number } | undefined, grant: Grant | undefined): string => {
  const { builds, cpuMinutes } = grant?.budget ?? {};
  const of = (count: number | undefined, budget: number | undefined, what: string): string[] =>
    budget === undefined ? [] : [`${count ?? 0} of ${budget} ${what}`];
  return [...of(used?.builds, builds, "builds"), ...of(used?.cpuMinutes, cpuMinutes, "CPU minutes")].join(", ") || "–";
};

type Token = OutputOf<"tokens.list">["tokens"][number];

const row = ({ screen }: Invocation, token: Token): string[] => [
  token.token,
  token.actor,
  token.kind,
  grantText(token.grant),
  usedText(token.used, token.grant),
  token.lastUsedAt === undefined ? "never" : screen.time(token.lastUsedAt),
  token.expiresAt ?? "–",
];

const list = async (call: Invocation): Promise<ExitCode> => {
  const answer = await call.session.call("tokens.list", {});
  call.screen.list(answer, {
    heading: ["token", "who", "kind", "may", "budget", "last used", "ends"],
    rows: answer.tokens.map((token) => row(call, token)),
    empty: "No tokens.",
  });
  return 0;
};

const remove = (call: Invocation): Promise<number> => change(call, "tokens.revoke", { token: first(call) });

export const tokens: Command = {
  name: "tokens",
  summary: "Make, list and end tokens, each with a grant of what it may do.",
  examples: ["slip tokens create claude --verbs read,deploy --prefix pr-", "slip tokens list"],
  run: list,
  commands: [
    {
      name: "create",
      summary: "Make a token for an agent or a program, and print it once.",
      arguments: [{ name: "NAME", summary: "what the journal calls it, for example claude" }],
      options: [
        { flags: "--verbs <LIST>", summary: "what it may do: read,deploy,configure,destroy,administer" },
        { flags: "--projects <LIST>", summary: "projects that it covers (all)" },
        { flags: "--environments <LIST>", summary: "environments that it covers (all)" },
        { flags: "--prefix <TEXT>", summary: "covers only apps whose name begins so" },
        { flags: "--apps <N>", summary: "at most so many apps of those that it covers" },
        { flags: "--instances <N>", summary: "at most so many instances of an app" },
        { flags: "--memory <SIZE>", summary: "at most so much memory of an instance" },
        { flags: "--builds <N>", summary: "begins at most so many deployments that bring a source" },
        { flags: "--cpu-minutes <N>", summary: "CPU time of what it asks for: builds, instances, commands" },
        { flags: "--expires <TIME>", summary: "when it ends: 2h, 30d or an ISO time (never)" },
        planOption,
      ],
      notes: "What it may do is never more than what you may do. What is beyond it and within that waits for a person: see 'slip approvals'.",
      examples: [
        "slip tokens create claude --verbs read,deploy --prefix pr- --apps 3 --builds 20 --cpu-minutes 600 --expires 30d",
        "slip tokens create ci --verbs read,deploy,configure --projects shop",
        "slip tokens create watcher --verbs read --json",
      ],
      run: create,
    },
    {
      name: "list",
      summary: "List the tokens that work, with what they may do and when they were last used.",
      examples: ["slip tokens list", "slip tokens list --json"],
      run: list,
    },
    {
      name: "rm",
      summary: "End a token now, with its grant.",
      arguments: [{ name: "TOKEN", summary: "its id, tok_…" }],
      options: [planOption],
      examples: ["slip tokens rm tok_01k9…"],
      run: remove,
    },
  ],
};
