// Tasks in PostgreSQL: changes of an app that are no deployments.
import { json, type Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";

export type TaskInput = { kind: "scale"; instances: number; byItself?: boolean } | { kind: "destroy"; purge?: boolean };
export interface TaskRow {
  id: string;
  appId: string;
  tenant: string;
  input: TaskInput;
  state: "open" | "done" | "failed";
  output: { releases?: number; keptUntil?: string } | null;
  failure: { code: string; message: string } | null;
  createdAt: Date;
}

export type OpenTask = Pick<TaskRow, "id" | "appId" | "createdAt">;

export const insertTask = async (
  query: Query,
  of: { appId: string; tenant: string; input: TaskInput; idempotencyKey: string | undefined },
): Promise<OpenTask> => {
  const id = newId("tsk");
  await query`
    insert into tasks (id, app_id, tenant, kind, input, state, idempotency_key)
    values (${id}, ${of.appId}, ${of.tenant}, ${of.input.kind}, ${json(query, of.input)}, 'open', ${of.idempotencyKey ?? null})`;
  return { id, appId: of.appId, createdAt: new Date() };
};

export const taskOf = async (query: Query, id: string): Promise<TaskRow | undefined> =>
  (await query<TaskRow[]>`select id, app_id, tenant, input, state, output, failure, created_at from tasks where id = ${id}`)[0];

/** The task that an earlier request with this key began. */
export const taskWithKey = async (query: Query, of: { tenant: string; kind: TaskInput["kind"]; key: string | undefined }): Promise<string | undefined> =>
  of.key === undefined
    ? undefined
    : (await query<{ id: string }[]>`select id from tasks where tenant = ${of.tenant} and kind = ${of.kind} and idempotency_key = ${of.key}`)[0]?.id;

export const openTasks = (query: Query): Promise<TaskRow[]> =>
  query<TaskRow[]>`select id, app_id, tenant, input, state, output, failure, created_at from tasks where state = 'open' order by id`;

export const endTask = async (query: Query, id: string, of: { output?: object; failure?: { code: string; message: string } }): Promise<void> => {
  await query`
    update tasks set state = ${of.failure ? "failed" : "done"}, output = ${of.output ? json(query, of.output) : null},
      failure = ${of.failure ? json(query, of.failure) : null}, ended_at = now()
    where id = ${id} and state = 'open'`;
};
