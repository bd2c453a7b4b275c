import { SlipError } from "@slipstream/contract/errors.ts";
import { failureOf } from "@slipstream/contract/failure.ts";
import { whileAway } from "#platform/database-away.ts";
import { spend } from "../access/budget.ts";
import type { Call, Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { createDeployment } from "../deployments/create.ts";
import { tellEnded } from "../deployments/deployment-events.ts";
import { openOfApp, requestCancel } from "../deployments/deployment-store.ts";
import { submitTask } from "../deployments/submission.ts";
import { journal } from "../journal/journal-store.ts";
import { taskEnd } from "../tasks/task.ts";
import { insertTask, type OpenTask, type TaskInput, type TaskRow, taskWithKey } from "../tasks/task-store.ts";
import { toApp } from "./app.ts";
import { tellOfApp } from "./app-events.ts";
import { type AppRow, appNamed, appsOf, ensureApp } from "./app-store.ts";
import { isThereAlready, noLiveRelease } from "./refusals.ts";
import { runInApp } from "./run.ts";

/** Waits for the end of the task that an earlier request with the same key began, where there is one: the answer to that was lost. */
const joinTask = async (control: Control, call: Call, kind: TaskInput["kind"]): Promise<TaskRow | undefined> => {
  const begun = await taskWithKey(control.database, { tenant: call.tenant, kind, key: call.idempotencyKey });
  if (begun === undefined) return undefined;
  call.journaled = true;
  return taskEnd(control, begun, call.signal);
};

interface AskedTask {
  app: AppRow;
  task: TaskInput;
  operation: string;
  inverse?: { operation: string; input: Record<string, unknown> };
}

/** Journals and begins a task; with an idempotency key only once, also where the answer to its commit was lost. */
const insert = ({ database }: Control, call: Call, { app, task, operation, inverse }: AskedTask): Promise<OpenTask> => {
  const { tenant, idempotencyKey: key } = call;
  const { kind, ...asked } = task;
  const begin = (): Promise<OpenTask> =>
    database.begin(async (query) => {
      const begun = await taskWithKey(query, { tenant, kind, key });
      if (begun !== undefined) return { id: begun, appId: app.id, createdAt: new Date() };
      await call.expects?.check(query, { app: app.id });
      await journal(query, call, { operation, app: app.name, input: { app: app.name, ...asked }, inverse });
      return insertTask(query, { appId: app.id, tenant, input: task, idempotencyKey: key });
    });
  return key === undefined ? begin() : whileAway(begin);
};

/** What is under way makes way for the end of the app. */
const cancelOpen = async (control: Control, appId: string): Promise<void> => {
  for (const id of await openOfApp(control.database, appId)) {
    await control.database.begin(async (query) => {
      const state = await requestCancel(query, id, failureOf("queue", new SlipError("cancelled")));
      if (state === "cancelled") await tellEnded(query, control.installation, id);
    });
    control.runs.cancel(id);
    control.changes.emit(id);
  }
};

const runTask = async (control: Control, call: Call, of: AskedTask): Promise<TaskRow> => {
  const inserted = await insert(control, call, of);
  if (of.task.kind === "destroy") await cancelOpen(control, of.app.id);
  void submitTask(control, inserted);
  return taskEnd(control, inserted.id, call.signal);
};

const destroy = async (control: Control, call: Call, app: string): Promise<TaskRow> => {
  const row = await appNamed(control.database, call.tenant, app);
  return runTask(control, call, { app: row, task: { kind: "destroy" }, operation: "apps.destroy" });
};

type AppNames = "apps.list" | "apps.create" | "apps.get" | "apps.scale" | "apps.restart" | "apps.run" | "apps.destroy";

export const appOperations = (control: Control): Pick<Handlers, AppNames> => ({
  async "apps.list"(_, call) {
    return { apps: (await appsOf(control.database, call.tenant, call.token.grant)).map((row) => toApp(row, control.installation)) };
  },

  async "apps.create"({ app, project }, call) {
    await control.database.begin(async (query) => {
      const { id, isNew } = await ensureApp(query, call.tenant, app, project);
      await call.expects?.check(query, { app: id, isNew });
      if (!isNew) throw isThereAlready(app);
      await spend(query, call, { app: true, build: false });
      const input = { app, ...(project === undefined ? {} : { project }) };
      await journal(query, call, { operation: "apps.create", app, input, inverse: { operation: "apps.destroy", input: { app } } });
      await tellOfApp(query, control.installation, { topic: "app.created", appId: id });
    });
    return toApp(await appNamed(control.database, call.tenant, app), control.installation);
  },

  async "apps.get"({ app }, call) {
    return toApp(await appNamed(control.database, call.tenant, app), control.installation);
  },

  async "apps.scale"({ app, instances }, call) {
    const row = await appNamed(control.database, call.tenant, app);
    if (row.liveDeployment === null) throw noLiveRelease(app);
    const inverse = { operation: "apps.scale", input: { app, instances: Math.max(1, row.serving) } };
    const joined = await joinTask(control, call, "scale");
    if (!joined) await runTask(control, call, { app: row, task: { kind: "scale", instances }, operation: "apps.scale", inverse });
    return toApp(await appNamed(control.database, call.tenant, app), control.installation);
  },

  async "apps.restart"({ app }, call) {
    const row = await appNamed(control.database, call.tenant, app);
    if (row.liveDeployment === null) throw noLiveRelease(app);
    return createDeployment(control, call, { app, appId: row.id, kind: "restart", request: {}, operation: "apps.restart", input: { app } });
  },

  "apps.run": (input, call) => runInApp(control, call, input),

  async "apps.destroy"({ app }, call) {
    const task = (await joinTask(control, call, "destroy")) ?? (await destroy(control, call, app));
    return { app, releases: task.output?.releases ?? 0 };
  },
});
