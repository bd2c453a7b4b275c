import type { Deployment } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import type { Call, Handlers } from "../api/call.ts";
import { appNamed, lockApp } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { createDeployment } from "../deployments/create.ts";
import { journal } from "../journal/journal-store.ts";
import { envOf, envValues, removeEnv, setEnv } from "./env-store.ts";
import { checkNames, expectNames } from "./variable.ts";

export interface Change {
  app: string;
  names: string[];
  stage: boolean;
  operation: string;
  kind: "env" | "secrets";
  /** For the journal: never with the value of a secret. */
  input: Record<string, unknown>;
  inverse: (query: Query, appId: string) => Promise<{ operation: string; input: Record<string, unknown> } | undefined>;
  apply: (query: Query, appId: string) => Promise<void>;
}

/** Changes settings of an app. A live app gets a new release with them at once, unless they are staged. */
export const changeSettings = async (control: Control, call: Call, change: Change): Promise<{ app: string; names: string[]; deployment?: Deployment }> => {
  const { app: name, names, operation, input } = change;
  const app = await appNamed(control.database, call.tenant, name);
  const inverse = await change.inverse(control.database, app.id);
  if (!change.stage && app.liveDeployment !== null) {
    const settings = { env: [], secrets: [], [change.kind]: names };
    const asked = { app: name, appId: app.id, kind: "config", request: { settings }, operation, input, inverse, alongside: change.apply } as const;
    return { app: name, names, deployment: await createDeployment(control, call, asked) };
  }
  await control.database.begin(async (query) => {
    await lockApp(query, app.id);
    await call.expects?.check(query, { app: app.id });
    await change.apply(query, app.id);
    await journal(query, call, { operation, app: name, input, inverse });
  });
  return { app: name, names };
};

export const envOperations = (control: Control): Pick<Handlers, "env.set" | "env.list" | "env.remove"> => ({
  async "env.set"({ app, values, stage }, call) {
    const names = Object.keys(values);
    checkNames(names);
    return changeSettings(control, call, {
      app,
      names,
      stage,
      operation: "env.set",
      kind: "env",
      input: { app, values },
      async inverse(query, appId) {
        const before = await envValues(query, appId);
        const old = Object.fromEntries(names.flatMap((name) => (before[name] === undefined ? [] : [[name, before[name]]])));
        return Object.keys(old).length === 0 ? { operation: "env.remove", input: { app, names } } : { operation: "env.set", input: { app, values: old } };
      },
      apply: (query, appId) => setEnv(query, appId, values),
    });
  },

  async "env.list"({ app }, call) {
    const { id } = await appNamed(control.database, call.tenant, app);
    return { env: (await envOf(control.database, id)).map(({ name, value, updatedAt }) => ({ name, value, updatedAt: updatedAt.toISOString() })) };
  },

  "env.remove": ({ app, names, stage }, call) =>
    changeSettings(control, call, {
      app,
      names,
      stage,
      operation: "env.remove",
      kind: "env",
      input: { app, names },
      async inverse(query, appId) {
        const before = await envValues(query, appId);
        return { operation: "env.set", input: { app, values: Object.fromEntries(names.map((name) => [name, before[name] ?? ""])) } };
      },
      apply: async (query, appId) => expectNames(await removeEnv(query, appId, names), names, "variable"),
    }),
});
