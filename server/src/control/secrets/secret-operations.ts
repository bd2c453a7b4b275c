import type { Handlers } from "../api/call.ts";
import { appNamed } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { changeSettings } from "../env/env-operations.ts";
import { namesOf, undoOfSecrets } from "../env/undo.ts";
import { checkNames, expectNames } from "../env/variable.ts";
import { checkSizes, checkTotal } from "./secret.ts";
import { removeSecrets, restoreVersions, secretsBytesOf, secretsOf, secretVersions, setSecret } from "./secret-store.ts";

type SecretNames = "secrets.set" | "secrets.restore" | "secrets.list" | "secrets.remove";

export const secretOperations = (control: Control): Pick<Handlers, SecretNames> => ({
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
      undo: async (query, appId) => undoOfSecrets({ app, names, removed: [] }, await secretVersions(query, appId)),
      async apply(query, appId) {
        for (const [name, value] of Object.entries(values)) await setSecret(query, control.sealing, { tenant: call.tenant, appId }, { name, value });
        checkTotal(await secretsBytesOf(query, appId));
      },
    });
  },

  async "secrets.restore"({ app, versions, remove = [], stage }, call) {
    const names = namesOf(Object.keys(versions), remove);
    return changeSettings(control, call, {
      app,
      names,
      stage,
      operation: "secrets.restore",
      kind: "secrets",
      input: { app, versions, ...(remove.length > 0 ? { remove } : {}) },
      undo: async (query, appId) => undoOfSecrets({ app, names, removed: remove }, await secretVersions(query, appId)),
      async apply(query, appId) {
        await restoreVersions(query, appId, versions);
        if (remove.length > 0) await removeSecrets(query, appId, remove);
        checkTotal(await secretsBytesOf(query, appId));
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
      undo: async (query, appId) => undoOfSecrets({ app, names, removed: names }, await secretVersions(query, appId)),
      apply: async (query, appId) => expectNames(await removeSecrets(query, appId, names), names, "secret"),
    }),
});
