// Environment variables of apps in PostgreSQL: what the next release will have. A release keeps its own copy.
import type { Query } from "#platform/database.ts";

export interface EnvRow {
  name: string;
  value: string;
  updatedAt: Date;
}

export const envOf = (query: Query, appId: string): Promise<EnvRow[]> =>
  query<EnvRow[]>`select name, value, updated_at from env_variables where app_id = ${appId} order by name`;

export const envValues = async (query: Query, appId: string): Promise<Record<string, string>> =>
  Object.fromEntries((await envOf(query, appId)).map(({ name, value }) => [name, value]));

export const setEnv = async (query: Query, appId: string, values: Readonly<Record<string, string>>): Promise<void> => {
  await query`
    insert into env_variables (app_id, name, value)
    select ${appId}, * from unnest(${Object.keys(values)}::text[], ${Object.values(values)}::text[])
    on conflict (app_id, name) do update set value = excluded.value, updated_at = now()`;
};

export const removeEnv = async (query: Query, appId: string, names: readonly string[]): Promise<string[]> =>
  (await query<{ name: string }[]>`delete from env_variables where app_id = ${appId} and name = any(${[...names]}) returning name`).map((row) => row.name);

/** Makes the variables exactly these. */
export const replaceEnv = async (query: Query, appId: string, values: Readonly<Record<string, string>>): Promise<void> => {
  await query`delete from env_variables where app_id = ${appId} and name <> all(${Object.keys(values)})`;
  if (Object.keys(values).length > 0) await setEnv(query, appId, values);
};
