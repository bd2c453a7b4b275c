// Prints every row of every table as COPY writes it: what a dump of the database holds. For tests; needs SLIP_HOME and root.
import { readConfig } from "#platform/config.ts";
import { openDatabase } from "#platform/database.ts";
import { homeAt } from "#platform/home.ts";
import { connectionOf } from "#platform/postgres.ts";

const config = readConfig();
const database = openDatabase(connectionOf(homeAt(config.home), config), { max: 1 });
const tables = await database<{ name: string }[]>`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public' order by 1`;
for (const { name } of tables) {
  process.stdout.write(`-- ${name}\n`);
  for await (const chunk of await database.unsafe(`copy ${name} to stdout`).readable()) process.stdout.write(chunk as Buffer);
}
await database.end();
