import type { Handlers } from "../api/call.ts";
import { appNamed } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { changeSettings } from "../env/env-operations.ts";
import { checkNames, expectNames } from "../env/variable.ts";
import { checkSizes } from "./secret.ts";
import { removeSecrets, secretsOf, setSecret } from "./secret-store.ts";

export const secretOperations = (control: Control): Pick<Handlers, "secrets.set" | "secrets.list" | "secrets.remove"> => ({
  async "secrets.set"({ app, values, stage }, call) {
    const names = Object.keys(values);
    checkNames(names);
    checkSizes(values);
    return changeSettings(control, call, {
      app,
      names,
      stage,
      operation: "secrets.set",
      kind: "secrets",
      input: { app, names },
      // Values do not come back, so only what is new can be undone by an operation; rollback brings back the versions of before.
      async inverse(query, appId) {
        const before = new Set((await secretsOf(query, appId)).map((secret) => secret.name));
        return names.some((name) => before.has(name)) ? undefined : { operation: "secrets.remove", input: { app, names } };
      },
      async apply(query, appId) {
        for (const [name, value] of Object.entries(values)) await setSecret(query, control.sealing, { tenant: call.tenant, appId }, { name, value });
      },
    });
  },

  async "secrets.list"({ app }, call) {
    const { id } = await appNamed(control.database, call.tenant, app);
    return { secrets: (await secretsOf(control.database, id)).map(({ name, version, updatedAt }) => ({ name, version, updatedAt: updatedAt.toISOString() })) };
  },

  "secrets.remove": ({ app, names, stage }, call) =>
    changeSettings(control, call, {
      app,
      names,
      stage,
      operation: "secrets.remove",
      kind: "secrets",
      input: { app, names },
      inverse: async () => undefined,
      apply: async (query, appId) => expectNames(await removeSecrets(query, appId, names), names, "secret"),
    }),
});
