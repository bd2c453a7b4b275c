// What changes of variables and secrets would do. The values of secrets are in none of it.
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import type { Plan, PlanChange } from "@slipstream/contract/plan.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import { keyWithin } from "../../api/idempotency.ts";
import { begunBefore } from "../../deployments/create.ts";
import { supersededBy } from "../../deployments/deployment.ts";
import { namesOf, undoOfEnv, undoOfSecrets } from "../../env/undo.ts";
import { checkNames, expectNames } from "../../env/variable.ts";
import { checkSizes } from "../../secrets/secret.ts";
import { type AppRows, readApp } from "../app-rows.ts";
import { envChanges, secretChanges } from "../diff.ts";
import { type Applying, type Planned, planner } from "../planner.ts";
import { newRelease, quotaOf, supersededInterrupts, switchInterrupts } from "../words.ts";

interface Asked {
  app: string;
  stage: boolean;
}

const without = <T>(record: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));

/** A live app gets a release with the settings at once, and with those that were staged before. */
const planned = (
  { app, stage }: Asked,
  rows: AppRows,
  of: { env?: Record<string, string>; secrets?: Record<string, number>; inverse: Plan["inverse"] },
): Planned => {
  const { env = rows.env, secrets = rows.secrets, inverse } = of;
  const { live } = rows;
  const isStaged = stage || live === undefined;
  const before = isStaged ? rows : { env: live.env, secrets: live.secretVersions };
  const settings: PlanChange[] = [...envChanges(before.env, env), ...secretChanges(before.secrets, secrets)];
  return {
    app,
    changes: isStaged ? [...settings, { what: "takes effect", to: "with the next deployment" }] : [...newRelease(rows), ...settings],
    interrupts: isStaged ? [] : [...switchInterrupts(rows), ...supersededInterrupts(rows, supersededBy("config"))],
    quota: [],
    ...(inverse === undefined ? {} : { inverse: stage ? { ...inverse, input: { ...inverse.input, stage } } : inverse }),
  };
};

const largest = (values: Readonly<Record<string, string>>): number => Math.max(...Object.values(values).map((value) => Buffer.byteLength(value)));

/** The deployment that the change began, where it began one. */
const began = async ({ control, call }: Applying, name: OperationName): Promise<{ deployment?: Deployment }> => {
  const { idempotencyKey: key } = call;
  const deployment = key === undefined ? undefined : await begunBefore(control, { ...call, idempotencyKey: keyWithin(key, name) });
  return deployment === undefined ? {} : { deployment };
};

const setEnv = planner<"env.set", AppRows>({
  read: (reading, { app }) => readApp(reading, app),
  plan(input, rows) {
    const { app, values, remove = [] } = input;
    const names = namesOf(Object.keys(values), remove);
    checkNames(names);
    const { inverse } = undoOfEnv({ app, names, removed: remove }, rows.env);
    return { ...planned(input, rows, { env: { ...without(rows.env, remove), ...values }, inverse }), quota: [quotaOf("secretBytes", largest(values))] };
  },
  again: async (applying, { app, values, remove = [] }) => ({ app, names: namesOf(Object.keys(values), remove), ...(await began(applying, "env.set")) }),
});

const removeEnv = planner<"env.remove", AppRows>({
  read: (reading, { app }) => readApp(reading, app),
  plan(input, rows) {
    const { app, names } = input;
    expectNames(Object.keys(rows.env), names, "variable");
    const { inverse } = undoOfEnv({ app, names, removed: names }, rows.env);
    return planned(input, rows, { env: without(rows.env, names), inverse });
  },
  again: async (applying, { app, names }) => ({ app, names, ...(await began(applying, "env.remove")) }),
});

const setSecrets = planner<"secrets.set", AppRows>({
  read: (reading, { app }) => readApp(reading, app),
  plan(input, rows) {
    const { app, values } = input;
    const names = Object.keys(values);
    checkNames(names);
    checkSizes(values);
    const next = Object.fromEntries(names.map((name) => [name, (rows.lastVersions[name] ?? 0) + 1]));
    const { inverse } = undoOfSecrets({ app, names, removed: [] }, rows.secrets);
    return { ...planned(input, rows, { secrets: { ...rows.secrets, ...next }, inverse }), quota: [quotaOf("secretBytes", largest(values))] };
  },
  again: async (applying, { app, values }) => ({ app, names: Object.keys(values), ...(await began(applying, "secrets.set")) }),
});

const removeSecrets = planner<"secrets.remove", AppRows>({
  read: (reading, { app }) => readApp(reading, app),
  plan(input, rows) {
    const { app, names } = input;
    expectNames(Object.keys(rows.secrets), names, "secret");
    const { inverse } = undoOfSecrets({ app, names, removed: names }, rows.secrets);
    return planned(input, rows, { secrets: without(rows.secrets, names), inverse });
  },
  again: async (applying, { app, names }) => ({ app, names, ...(await began(applying, "secrets.remove")) }),
});

/** Which versions there ever were is seen when it is applied. */
const restoreSecrets = planner<"secrets.restore", AppRows>({
  read: (reading, { app }) => readApp(reading, app),
  plan(input, rows) {
    const { app, versions, remove = [] } = input;
    const names = namesOf(Object.keys(versions), remove);
    const { inverse } = undoOfSecrets({ app, names, removed: remove }, rows.secrets);
    return planned(input, rows, { secrets: { ...without(rows.secrets, remove), ...versions }, inverse });
  },
  again: async (applying, { app, versions, remove = [] }) => ({
    app,
    names: namesOf(Object.keys(versions), remove),
    ...(await began(applying, "secrets.restore")),
  }),
});

export const settingPlanners = {
  "env.set": setEnv,
  "env.remove": removeEnv,
  "secrets.set": setSecrets,
  "secrets.restore": restoreSecrets,
  "secrets.remove": removeSecrets,
};
