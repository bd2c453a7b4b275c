import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { App } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import { whileAway } from "#platform/database-away.ts";
import { spend } from "../access/budget.ts";
import type { Call, Handlers } from "../api/call.ts";
import { keepAnswer } from "../api/claim-store.ts";
import type { Control } from "../control.ts";
import { cancelOpen, tellCancelled } from "../deployments/cancel.ts";
import { createDeployment } from "../deployments/create.ts";
import { submitTask } from "../deployments/submission.ts";
import { type Journaled, journal } from "../journal/journal-store.ts";
import { liveRelease } from "../releases/release-store.ts";
import { taskEnd } from "../tasks/task.ts";
import { insertTask, type OpenTask, type TaskInput, type TaskRow, taskWithKey } from "../tasks/task-store.ts";
import { expectWithin } from "../workloads/scaling.ts";
import { toApp } from "./app.ts";
import { tellOfApp } from "./app-events.ts";
import { type AppRow, appNamed, appsOf, ensureApp, expectDestroyed, livingApp, lockApp } from "./app-store.ts";
import { type Destroyed, purgedForGood } from "./destroy.ts";
import { isThereAlready, noLiveRelease } from "./refusals.ts";
import { restoreApp } from "./restore.ts";
import { runInApp } from "./run.ts";

/** Waits for the end of the task that an earlier request with the same key began, where there is one: the answer to that was lost. */
const joinTask = async (control: Control, call: Call, kind: TaskInput["kind"]): Promise<TaskRow | undefined> => {
  const begun = await taskWithKey(control.database, { tenant: call.tenant, kind, key: call.idempotencyKey });
  if (begun === undefined) return undefined;
  call.journaled = true;
  return taskEnd(control, begun, call.signal);
};

interface AskedTask extends Pick<Journaled, "operation" | "inverse" | "noUndo"> {
  app: AppRow;
  task: TaskInput;
}

/** Journals and begins a task; with an idempotency key only once, also where the answer to its commit was lost. */
const insert = ({ database }: Control, call: Call, { app, task, ...asked }: AskedTask): Promise<OpenTask> => {
  const { tenant, idempotencyKey: key } = call;
  const { kind, ...input } = task;
  const begin = (): Promise<OpenTask> =>
    database.begin(async (query) => {
      const begun = await taskWithKey(query, { tenant, kind, key });
      if (begun !== undefined) return { id: begun, appId: app.id, createdAt: new Date() };
      const locked = await lockApp(query, app.id);
      await call.expects?.check(query, { app: app.id });
      if (task.kind !== "destroy" || !task.purge) expectDestroyed(locked, false);
      await journal(query, call, { ...asked, app: app.name, input: { app: app.name, ...input } });
      return insertTask(query, { appId: app.id, tenant, input: task, idempotencyKey: key });
    });
  return key === undefined ? begin() : whileAway(begin);
};

const runTask = async (control: Control, call: Call, of: AskedTask): Promise<TaskRow> => {
  const inserted = await insert(control, call, of);
  // What is under way makes way for the end of the app.
  if (of.task.kind === "destroy") tellCancelled(control, await control.database.begin((query) => cancelOpen(query, control.installation, of.app.id)));
  void submitTask(control, inserted);
  return taskEnd(control, inserted.id, call.signal);
};

const scale = async (control: Control, call: Call, { app, instances }: { app: string; instances: number }): Promise<void> => {
  if (await joinTask(control, call, "scale")) return;
  const row = await livingApp(control.database, call.tenant, app);
  const live = await liveRelease(control.database, row.id);
  if (live === undefined) throw noLiveRelease(app);
  expectWithin(live.config, { app, instances });
  const inverse = { operation: "apps.scale", input: { app, instances: Math.max(1, row.serving) } };
  await runTask(control, call, { app: row, task: { kind: "scale", instances }, operation: "apps.scale", inverse });
};

const destroy = async (control: Control, call: Call, { app, purge }: { app: string; purge: boolean }): Promise<Destroyed> => {
  const joined = await joinTask(control, call, "destroy");
  if (joined) return { releases: 0, ...joined.output };
  const row = await appNamed(control.database, call.tenant, app);
  if (!purge) expectDestroyed(row, false);
  const undo = purge ? { noUndo: purgedForGood } : { inverse: { operation: "apps.restore", input: { app } } };
  const { output } = await runTask(control, call, { app: row, task: { kind: "destroy", ...(purge ? { purge } : {}) }, operation: "apps.destroy", ...undo });
  return { releases: 0, ...output };
};

const create = async (query: Query, control: Control, call: Call, { app, project }: ParsedInputOf<"apps.create">): Promise<App> => {
  const { id, isNew } = await ensureApp(query, call.tenant, app, project);
  await call.expects?.check(query, { app: id, isNew });
  const row = await livingApp(query, call.tenant, app);
  if (!isNew) throw isThereAlready(app);
  await spend(query, call, { app: true, build: false });
  const input = { app, ...(project === undefined ? {} : { project }) };
  await journal(query, call, { operation: "apps.create", app, input, inverse: { operation: "apps.destroy", input: { app } } });
  await tellOfApp(query, control.installation, { topic: "app.created", appId: id });
  const made = toApp(row, control.installation);
  await keepAnswer(query, call, made);
  return made;
};

type AppNames = "apps.list" | "apps.create" | "apps.get" | "apps.scale" | "apps.restart" | "apps.run" | "apps.destroy" | "apps.restore";

export const appOperations = (control: Control): Pick<Handlers, AppNames> => ({
  async "apps.list"({ destroyed }, call) {
    const rows = await appsOf(control.database, call.tenant, { grant: call.token.grant, destroyed });
    return { apps: rows.map((row) => toApp(row, control.installation)) };
  },

  "apps.create": (input, call) => control.database.begin((query) => create(query, control, call, input)),

  async "apps.get"({ app }, call) {
    return toApp(await appNamed(control.database, call.tenant, app), control.installation);
  },

  async "apps.scale"(input, call) {
    await scale(control, call, input);
    return toApp(await appNamed(control.database, call.tenant, input.app), control.installation);
  },

  async "apps.restart"({ app }, call) {
    const row = await livingApp(control.database, call.tenant, app);
    if (row.liveDeployment === null) throw noLiveRelease(app);
    return createDeployment(control, call, { app, appId: row.id, kind: "restart", request: {}, operation: "apps.restart", input: { app } });
  },

  "apps.run": (input, call) => runInApp(control, call, input),

  async "apps.destroy"(input, call) {
    return { app: input.app, ...(await destroy(control, call, input)) };
  },

  "apps.restore": ({ app }, call) => restoreApp(control, call, app),
});
