// What can be asked for at the agents' door, and the operations that it cannot do.
import type { InputOf, OperationName } from "@slipstream/contract/operations/registry.ts";

type Values = Record<string, unknown>;

interface Call {
  does: readonly OperationName[];
  /** Made of the input of the last operation. */
  from(input: Values): Values;
}
interface ToolCall extends Call {
  tool: string;
}
interface OtherCall extends Call {
  method: string;
  name: string;
}

const call = <N extends OperationName>(does: readonly [...OperationName[], N], from: (input: InputOf<N>) => Values): Call => ({
  does,
  from: from as Call["from"],
});
const tool = <N extends OperationName>(name: string, does: readonly [...OperationName[], N], from: (input: InputOf<N>) => Values): ToolCall => ({
  tool: name,
  ...call(does, from),
});

const same = (input: object): Values => ({ ...input });
const atOnce = (input: object): Values => ({ ...input, waitSeconds: 0 });
const nothing = (): Values => ({});

/** What is asked of an app before it is destroyed, to tell what would be gone. */
const radius = ["apps.get", "releases.list", "domains.list", "secrets.list", "env.list"] as const;

export const toolCalls: readonly ToolCall[] = [
  tool("deploy", ["deployments.create"], ({ app, source }) => atOnce({ app, tree: source.kind === "tree" ? source.digest : "" })),
  // Nothing tells what this code is: who may deploy is told so, and nothing begins.
  tool("deploy_snippet", ["deployments.create"], ({ app }) => atOnce({ app, code: "here" })),
  tool("wait", ["deployments.get", "deployments.watch"], atOnce),
  tool("cancel", ["deployments.cancel"], same),
  tool("status", ["platform.status", "apps.list"], nothing),
  tool("status", ["apps.get", "domains.list", "env.list", "secrets.list", "deployments.list"], same),
  tool("explain_failure", ["deployments.list"], same),
  tool("explain_failure", ["deployments.get"], same),
  tool("logs", ["logs.read"], same),
  tool("releases", ["releases.list"], same),
  tool("rollback", ["releases.rollback"], atOnce),
  tool("restart", ["apps.restart"], atOnce),
  tool("scale", ["apps.scale"], same),
  tool("set_config", ["env.set"], ({ app, values }) => atOnce({ app, env: values })),
  tool("set_config", ["secrets.set"], ({ app, values }) => atOnce({ app, secrets: values })),
  tool("set_config", ["env.remove"], ({ app, names }) => atOnce({ app, removeEnv: names })),
  tool("set_config", ["secrets.remove"], ({ app, names }) => atOnce({ app, removeSecrets: names })),
  tool("set_config", ["apps.create", "env.set"], ({ app, values }) => atOnce({ app, env: values, create: true })),
  tool("domains", ["domains.list"], same),
  tool("domains", ["domains.add"], ({ app, domain }) => ({ app, add: domain })),
  tool("domains", ["domains.remove"], ({ app, domain }) => ({ app, remove: domain, confirm: domain })),
  tool("run_command", ["apps.run"], ({ app, command }) => ({ app, command: [command].flat().join(" ") })),
  tool("plan", ["plans.create"], ({ input: { app, values: env } = {} }) => ({ tool: "set_config", input: { app, env } })),
  tool("apply", ["plans.get", "plans.apply"], atOnce),
  tool("journal", ["journal.list"], nothing),
  tool("approvals", ["approvals.list"], nothing),
  tool("approvals", ["approvals.wait"], ({ approval }) => atOnce({ approval })),
  tool("undo", ["journal.get", "journal.undo"], atOnce),
  tool("destroy", [...radius, "apps.destroy"], ({ app }) => ({ app, confirm: app })),
];

const other = <N extends OperationName>(
  of: { method: string; name: string; does: readonly [...OperationName[], N] },
  from: (input: InputOf<N>) => Values,
): OtherCall => ({ ...of, ...call(of.does, from) });

export const notTools: readonly OtherCall[] = [
  other({ method: "resources/list", name: "of all apps", does: ["apps.list"] }, nothing),
  other({ method: "resources/read", name: "logs", does: ["logs.read"] }, ({ app }) => ({ uri: `slip://apps/${app}/logs` })),
  other({ method: "resources/read", name: "config", does: ["secrets.list", "domains.list", "apps.get", "env.list"] }, ({ app }) => ({
    uri: `slip://apps/${app}/config`,
  })),
  other({ method: "resources/read", name: "report", does: ["deployments.get"] }, ({ deployment }) => ({ uri: `slip://deployments/${deployment}/report` })),
  other({ method: "prompts/get", name: "mend_deployment", does: ["deployments.list"] }, ({ app }) => ({ name: "mend_deployment", arguments: { app } })),
];

const because = (reason: string, names: readonly OperationName[]): Partial<Record<OperationName, string>> =>
  Object.fromEntries(names.map((name) => [name, reason]));

/** Operations that no tool, resource or prompt does. */
export const lacks: Readonly<Partial<Record<OperationName, string>>> = {
  ...because("The command line sends files to REST's address; an agent without it gives them in the call of deploy.", [
    "sources.check",
    "sources.upload",
    "sources.uploadMany",
  ]),
  ...because("undo does it, of the entry that made it needed.", ["apps.restore", "secrets.restore"]),
  ...because("wait follows the lines of deployments.watch.", ["deployments.wait"]),
  ...because("approvals waits for one, and no longer than it is told to.", ["approvals.get"]),
  ...because("An agent applies the plan that it made.", ["plans.list"]),
  ...because("A token says nothing of itself to the model that it is used by, and is changed by who gave it.", ["access.whoami", "token.rotate"]),
  ...because("Rights are given, taken and gone beyond by people.", [
    "tokens.create",
    "tokens.list",
    "tokens.revoke",
    "members.list",
    "members.invite",
    "members.accept",
    "members.update",
    "members.remove",
    "invitations.revoke",
    "approvals.approve",
    "approvals.deny",
    "connections.list",
    "connections.revoke",
    "sessions.code",
    "providers.list",
    "providers.add",
    "providers.remove",
  ]),
  ...because("It is of the installation or the tenant, which people look after.", [
    "keys.list",
    "keys.rotate",
    "webhooks.create",
    "webhooks.list",
    "webhooks.get",
    "webhooks.update",
    "webhooks.remove",
    "webhooks.rotate",
    "webhooks.test",
    "webhooks.deliveries",
    "webhooks.redeliver",
    "projects.list",
    "projects.create",
    "platform.trust",
    "platform.audit",
  ]),
};
