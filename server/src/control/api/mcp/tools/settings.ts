// Tools for what an app is given besides its source.
import { SlipError } from "@slipstream/contract/errors.ts";
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
type Change = (stage: boolean) => Promise<{ deployment?: Deployment | undefined }>;

/** One operation for each kind of change; all but the last only stage theirs, so that one deployment brings them all. */
const changesOf = (asking: Asking, { app, env = {}, secrets = {}, removeEnv = [], removeSecrets = [] }: ConfigInput): Change[] => {
  const has = (of: object): boolean => Object.keys(of).length > 0;
  return [
    ...(has(secrets) ? [(stage: boolean) => asking.do("secrets.set", { app, values: secrets, stage })] : []),
    ...(has(removeSecrets) ? [(stage: boolean) => asking.do("secrets.remove", { app, names: removeSecrets, stage })] : []),
    ...(has(removeEnv) ? [(stage: boolean) => asking.do("env.remove", { app, names: removeEnv, stage })] : []),
    ...(has(env) ? [(stage: boolean) => asking.do("env.set", { app, values: env, stage })] : []),
  ];
};

const createIfNew = async (asking: Asking, app: string): Promise<void> => {
  try {
    await asking.do("apps.create", { app });
  } catch (error) {
    if (!(error instanceof SlipError && error.code === "conflict")) throw error;
  }
};

const changeAll = async (changes: readonly Change[], stage: boolean): Promise<Deployment | undefined> => {
  let deployment: Deployment | undefined;
  for (const [index, change] of changes.entries()) deployment = (await change(stage || index < changes.length - 1)).deployment;
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
    const changes = changesOf(asking, input);
    if (changes.length === 0) throw new SlipError("invalid_input", "Nothing is to be changed.", { next: "Give env, secrets, removeEnv or removeSecrets." });
    if (input.create) await createIfNew(asking, app);
    const changed = [...Object.keys(env), ...Object.keys(secrets), ...removeEnv, ...removeSecrets];
    const deployment = await changeAll(changes, stage);
    if (!deployment) return { value: { app, changed, state: "staged" } };
    const told = await carriedOut(asking, deployment, input.waitSeconds);
    return "failure" in told ? { failure: { ...told.failure, changed } } : { value: { ...told.value, changed } };
  },
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
});
