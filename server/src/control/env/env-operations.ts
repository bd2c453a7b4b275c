import type { Deployment } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import type { Call, Handlers } from "../api/call.ts";
import { keepAnswer } from "../api/claim-store.ts";
import { appNamed, expectDestroyed, livingApp, lockApp } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { createDeployment, type Undo } from "../deployments/create.ts";
import { journal } from "../journal/journal-store.ts";
import { envOf, envValues, removeEnv, setEnv } from "./env-store.ts";
import { namesOf, undoOfEnv } from "./undo.ts";
import { checkNames, expectNames } from "./variable.ts";

export interface Change {
  app: string;
  names: string[];
  stage: boolean;
  operation: string;
  kind: "env" | "secrets";
  /** For the journal: never with the value of a secret. */
  input: Record<string, unknown>;
  /** What undoes it, by what is there before. */
  undo: (query: Query, appId: string) => Promise<Undo>;
  apply: (query: Query, appId: string) => Promise<void>;
}

interface Changed {
  app: string;
  names: string[];
  deployment?: Deployment;
}

/** What is kept for the next deployment is undone for the next deployment. */
const staged = ({ inverse, ...undo }: Undo, stage: { stage?: true }): Undo =>
  inverse === undefined ? undo : { inverse: { ...inverse, input: { ...inverse.input, ...stage } } };

const changeWithoutRelease = ({ database }: Control, call: Call, appId: string, change: Change): Promise<Changed> =>
  database.begin(async (query) => {
    const stage = change.stage ? { stage: true as const } : {};
    const locked = await lockApp(query, appId);
    await call.expects?.check(query, { app: appId });
    expectDestroyed(locked, false);
    const undo = staged(await change.undo(query, appId), stage);
    await change.apply(query, appId);
    const { app, names, operation, input } = change;
    await journal(query, call, { operation, app, input: { ...input, ...stage }, ...undo });
    await keepAnswer(query, call, { app, names });
    return { app, names };
  });

/** Changes settings of an app. A live app gets a new release with them at once, unless they are staged. */
export const changeSettings = async (control: Control, call: Call, change: Change): Promise<Changed> => {
  const { app: name, names, operation, input, undo, apply: alongside } = change;
  const app = await livingApp(control.database, call.tenant, name);
  if (change.stage || app.liveDeployment === null) return changeWithoutRelease(control, call, app.id, change);
  const settings = { env: [], secrets: [], [change.kind]: names };
  const answer = (deployment: Deployment): Changed => ({ app: name, names, deployment });
  const asked = { app: name, appId: app.id, kind: "config", request: { settings }, operation, input, undo, alongside, answer } as const;
  return answer(await createDeployment(control, call, asked));
};

export const envOperations = (control: Control): Pick<Handlers, "env.set" | "env.list" | "env.remove"> => ({
  async "env.set"({ app, values, remove = [], stage }, call) {
    const names = namesOf(Object.keys(values), remove);
    checkNames(names);
    return changeSettings(control, call, {
      app,
      names,
      stage,
      operation: "env.set",
      kind: "env",
      input: { app, values, ...(remove.length > 0 ? { remove } : {}) },
      undo: async (query, appId) => undoOfEnv({ app, names, removed: remove }, await envValues(query, appId)),
      async apply(query, appId) {
        await setEnv(query, appId, values);
        if (remove.length > 0) await removeEnv(query, appId, remove);
      },
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
      undo: async (query, appId) => undoOfEnv({ app, names, removed: names }, await envValues(query, appId)),
      apply: async (query, appId) => expectNames(await removeEnv(query, appId, names), names, "variable"),
    }),
});
