// Does a task, in turn with the deployments of its app; and waits for one that another call began.
import { setTimeout as sleep } from "node:timers/promises";
import { isErrorCode, SlipError } from "@slipstream/contract/errors.ts";
import { isConnectionError } from "#platform/database.ts";
import { destroyApp } from "../apps/destroy.ts";
import { scaleApp } from "../apps/scale.ts";
import type { Control } from "../control.ts";
import { between } from "../faults/fault-points.ts";
import { endTask, type TaskRow, taskOf } from "./task-store.ts";

const lookAgainMs = 500;

const act = async (control: Control, task: TaskRow): Promise<object> => {
  if (task.input.kind === "destroy") return destroyApp(control, task.appId, { purge: task.input.purge === true });
  await scaleApp(control, task.appId, task.input);
  return {};
};

/** Rejects only when PostgreSQL is away: then it is to be done again. */
export const doTask = async (control: Control, id: string): Promise<void> => {
  const task = await taskOf(control.database, id);
  if (task?.state !== "open") return;
  try {
    const output = await between(control.faultPoints, task.input.kind, () => act(control, task));
    await endTask(control.database, id, { output });
  } catch (error) {
    if (isConnectionError(error)) throw error;
    if (!(error instanceof SlipError)) control.log.error("a task ended with a defect", error, { task: id });
    const failure = error instanceof SlipError ? { code: error.code, message: error.message } : { code: "internal", message: String(error) };
    await endTask(control.database, id, { failure });
  }
  control.changes.emit(id);
};

/** Waits until the task has ended. Throws its failure, or when the signal aborts. */
export const taskEnd = async (control: Control, id: string, signal: AbortSignal): Promise<TaskRow> => {
  for (;;) {
    const changed = new AbortController();
    const stop = control.changes.subscribe(id, () => changed.abort());
    try {
      const task = await taskOf(control.database, id);
      if (task?.state === "done") return task;
      if (task?.failure) throw new SlipError(isErrorCode(task.failure.code) ? task.failure.code : "internal", task.failure.message);
      await sleep(lookAgainMs, undefined, { signal: AbortSignal.any([changed.signal, signal]) }).catch(() => undefined);
      signal.throwIfAborted();
    } finally {
      stop();
    }
  }
};
