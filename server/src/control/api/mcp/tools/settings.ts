// Tools for what an app is given besides its source.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import { AppName, type Deployment, Hostname, VariableName } from "@slipstream/contract/words.ts";
import { z } from "zod";
import type { Asking } from "../asking.ts";
import { unlessConfirmed } from "../confirm.ts";
import { carriedOut, Outcome, waitSeconds } from "../outcome.ts";
import { tool } from "../tool.ts";

const byApp = z.object({ app: AppName });
const values = z.record(VariableName, z.string().max(65_536));
const names = z.array(VariableName).max(500);

const configInput = byApp.extend({
  env: values.optional(),
  secrets: values.optional().describe("sealed; values never come back"),
  removeEnv: names.optional(),
  removeSecrets: names.optional(),
  create: z.boolean().default(false).describe("make the app when it is new, to give it secrets before its first deployment"),
  stage: z.boolean().default(false).describe("keep it for the next deployment instead of restarting the live app"),
  waitSeconds,
});
type ConfigInput = z.output<typeof configInput>;
type ChangeName = "secrets.set" | "secrets.remove" | "env.set" | "env.remove";
interface Change {
  operation: ChangeName;
  input: Record<string, unknown>;
}

/** One operation for each kind of change. */
const changesOf = ({ app, env = {}, secrets = {}, removeEnv = [], removeSecrets = [] }: ConfigInput): Change[] => {
  const change = (operation: ChangeName, given: object, input: Record<string, unknown>): Change[] =>
    Object.keys(given).length === 0 ? [] : [{ operation, input: { app, ...input } }];
  return [
    ...change("secrets.set", secrets, { values: secrets }),
    ...change("secrets.remove", removeSecrets, { names: removeSecrets }),
    ...change("env.remove", removeEnv, { names: removeEnv }),
    ...change("env.set", env, { values: env }),
  ];
};

const oneChange = (input: ConfigInput): Change => {
  const [change, ...more] = changesOf(input);
  if (!change || more.length > 0)
    throw new SlipError("invalid_input", "One kind of change is planned at a time.", { next: "Plan env, secrets or a removal by itself." });
  return { ...change, input: { ...change.input, stage: input.stage } };
};

const createIfNew = async (asking: Asking, app: string): Promise<void> => {
  try {
    await asking.do("apps.create", { app });
  } catch (error) {
    if (!(error instanceof SlipError && error.code === "conflict")) throw error;
  }
};

/** All but the last only stage theirs, so that one deployment brings them all. */
const changeAll = async (asking: Asking, changes: readonly Change[], stage: boolean): Promise<Deployment | undefined> => {
  let deployment: Deployment | undefined;
  for (const [index, { operation, input }] of changes.entries()) {
    const isStaged = stage || index < changes.length - 1;
    ({ deployment } = await asking.do(operation, { ...input, stage: isStaged } as InputOf<ChangeName>));
  }
  return deployment;
};

export const setConfig = tool({
  name: "set_config",
  title: "Set configuration and secrets",
  description: "Set or remove environment variables and secrets of an app; a live app gets a new release with them at once.",
  kind: "changes",
  repeatable: true,
  input: configInput,
  output: Outcome.partial().extend({ app: z.string(), changed: z.array(z.string()) }),
  async run(input, asking) {
    const { app, stage, env = {}, secrets = {}, removeEnv = [], removeSecrets = [] } = input;
    const changes = changesOf(input);
    if (changes.length === 0) throw new SlipError("invalid_input", "Nothing is to be changed.", { next: "Give env, secrets, removeEnv or removeSecrets." });
    if (input.create) await createIfNew(asking, app);
    const changed = [...Object.keys(env), ...Object.keys(secrets), ...removeEnv, ...removeSecrets];
    const deployment = await changeAll(asking, changes, stage);
    if (!deployment) return { value: { app, changed, state: "staged" } };
    const told = await carriedOut(asking, deployment, input.waitSeconds);
    return "failure" in told ? { failure: { ...told.failure, changed } } : { value: { ...told.value, changed } };
  },
  planned: oneChange,
});

export const domains = tool({
  name: "domains",
  title: "Domains",
  description:
    "List, add or remove a host name of an app. Before one is removed the user is asked; where the client cannot ask, confirm must be the host name.",
  kind: "destroys",
  repeatable: true,
  input: byApp.extend({ add: Hostname.optional(), remove: Hostname.optional(), confirm: z.string().optional() }),
  output: z.object({ app: z.string(), domains: z.array(z.object({ domain: z.string(), url: z.string() })) }),
  async run({ app, add, remove, confirm }, asking, door) {
    if (remove !== undefined) {
      const danger = { name: remove, what: `Remove the domain ${remove} of the app ${app}? Nobody reaches the app there any more.`, confirm };
      const question = await unlessConfirmed(asking, { door, danger });
      if (question) return question;
      await asking.do("domains.remove", { app, domain: remove });
    }
    if (add !== undefined) await asking.do("domains.add", { app, domain: add });
    const { domains: all } = await asking.do("domains.list", { app });
    return { value: { app, domains: all.map(({ domain, url }) => ({ domain, url })) } };
  },
  planned({ app, add, remove }) {
    if ((add === undefined) === (remove === undefined))
      throw new SlipError("invalid_input", "One change of domains is planned at a time.", { next: "Plan either add or remove." });
    return add === undefined ? { operation: "domains.remove", input: { app, domain: remove } } : { operation: "domains.add", input: { app, domain: add } };
  },
});
