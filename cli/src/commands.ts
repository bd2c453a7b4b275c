// Every command, in the order of the help. A module is only read when its command is used, or all are asked for.
import type { Command } from "./command.ts";

const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  deploy: async () => (await import("./commands/deploy.ts")).deploy,
  snippet: async () => (await import("./commands/snippet.ts")).snippet,
  patch: async () => (await import("./commands/patch.ts")).patch,
  apps: async () => (await import("./commands/apps.ts")).apps,
  logs: async () => (await import("./commands/logs.ts")).logs,
  deployments: async () => (await import("./commands/deployments.ts")).deployments,
  releases: async () => (await import("./commands/releases.ts")).releases,
  rollback: async () => (await import("./commands/rollback.ts")).rollback,
  apply: async () => (await import("./commands/apply.ts")).apply,
  plans: async () => (await import("./commands/plans.ts")).plans,
  cancel: async () => (await import("./commands/cancel.ts")).cancel,
  run: async () => (await import("./commands/run.ts")).run,
  scale: async () => (await import("./commands/scale.ts")).scale,
  restart: async () => (await import("./commands/restart.ts")).restart,
  secrets: async () => (await import("./commands/secrets.ts")).secrets,
  env: async () => (await import("./commands/env.ts")).env,
  keys: async () => (await import("./commands/keys.ts")).keys,
  "sign-in": async () => (await import("./commands/sign-in.ts")).signIn,
  connections: async () => (await import("./commands/connections.ts")).connections,
  token: async () => (await import("./commands/token.ts")).token,
  tokens: async () => (await import("./commands/tokens.ts")).tokens,
  members: async () => (await import("./commands/members.ts")).members,
  approvals: async () => (await import("./commands/approvals.ts")).approvals,
  whoami: async () => (await import("./commands/whoami.ts")).whoami,
  projects: async () => (await import("./commands/projects.ts")).projects,
  domains: async () => (await import("./commands/domains.ts")).domains,
  webhooks: async () => (await import("./commands/webhooks.ts")).webhooks,
  destroy: async () => (await import("./commands/destroy.ts")).destroy,
  restore: async () => (await import("./commands/restore.ts")).restore,
  journal: async () => (await import("./commands/journal.ts")).journal,
  mcp: async () => (await import("./commands/mcp.ts")).mcp,
  undo: async () => (await import("./commands/undo.ts")).undo,
  up: async () => (await import("./commands/up.ts")).up,
  down: async () => (await import("./commands/down.ts")).down,
  status: async () => (await import("./commands/status.ts")).status,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  trust: async () => (await import("./commands/trust.ts")).trust,
  completion: async () => (await import("./commands/completion.ts")).completion,
};

export const allCommands = (): Promise<Command[]> => Promise.all(Object.values(loaders).map((load) => load()));

/** The commands that are needed to read `argv`: one when its first word names one, else all. */
export const commandsFor = async (argv: readonly string[]): Promise<Command[]> => {
  const name = argv[0] ?? "";
  const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  return load ? [await load()] : allCommands();
};
