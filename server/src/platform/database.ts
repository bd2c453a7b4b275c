// PostgreSQL: the connection pool, and the numbered migrations that make its tables.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { parseIntegers, parseTexts, serializeIntegers, serializeTexts } from "./arrays.ts";
import { replacedWhenLost } from "./lost-connection.ts";
import type { PostgresConnection } from "./postgres.ts";

/** What the library reads and writes besides the types that it knows. */
export type Types = {
  bigint: number;
  texts: string[];
  integers: number[];
};
/** A pool of connections. Columns read in camel case; bigint reads as number. */
export type Database = postgres.Sql<Types>;
/** What a query can run on: the pool, or a transaction. */
export type Query = postgres.ISql<Types>;
/** A statement as a part of another one. */
export type Part = postgres.PendingQuery<postgres.Row[]>;

/** A server that is started again is back within a second: a pool looks for it at this pace, and never slower. */
const reconnectSeconds = 0.05;

const options: postgres.Options<{ [Name in keyof Types]: postgres.PostgresType<Types[Name]> }> = {
  idle_timeout: 0,
  connect_timeout: 10,
  max_lifetime: null,
  onnotice: () => undefined,
  transform: { column: { from: postgres.toCamel } },
  backoff: () => reconnectSeconds,
  // A connection that is lost while the library asks for these would end the process.
  fetch_types: false,
  types: {
    bigint: { to: 20, from: [20], parse: Number, serialize: String },
    texts: { to: 1009, from: [1009], parse: parseTexts, serialize: serializeTexts },
    integers: { to: 1007, from: [1007], parse: parseIntegers, serialize: serializeIntegers },
  },
};

const poolOf = (connection: PostgresConnection, settings: typeof options): Database => {
  if (connection.kind === "url") return postgres(connection.url, settings);
  const { host, port, user, password, database } = connection;
  return postgres({ ...settings, path: join(host, `.s.PGSQL.${port}`), user, password, database });
};

/**
 * A pool. With `durable: false` a commit is safe on disk a moment after it is answered: a power cut may take the last ones,
 * in their order, and never one that a durable commit came after. For what can be found out again.
 */
export const openDatabase = (connection: PostgresConnection, { durable = true, max = 10 } = {}): Database => {
  const settings = { ...options, max, connection: durable ? {} : { synchronous_commit: "off" } };
  return replacedWhenLost((told) => poolOf(connection, { ...settings, ...told }), isConnectionError);
};

/** A value for a jsonb column. What a schema of the contract describes is always JSON; the library's type is narrower than that. */
export const json = (query: Query, value: unknown): postgres.Parameter => query.json(value as postgres.JSONValue);

/** A time of a row as JSON has times. */
export const iso = (query: Query, time: string): Part => query`to_char(${query(time)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** True when the server, not the statement, is at fault: it is worth trying again. A socket that is being made cannot be opened yet (EACCES). */
export const isConnectionError = (error: unknown): boolean => {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== "string") return false;
  return /^(CONNECTION_|CONNECT_TIMEOUT|ECONNREFUSED|ECONNRESET|ENOENT|EACCES|EAGAIN|EPIPE|08|57P0|53300)/.test(code);
};

interface Migration {
  number: number;
  name: string;
  text: string;
  sha256: string;
}

/** The migrations of a folder in their order: NNNN_name.sql, counted from 1 without a gap. */
const readMigrations = (folder: string): Migration[] => {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  return names.map((name, index) => {
    const number = Number(/^(\d{4})_/.exec(name)?.[1]);
    if (number !== index + 1) throw new Error(`Migration ${name} is not number ${index + 1}.`);
    const text = readFileSync(join(folder, name), "utf8");
    return { number, name, text, sha256: createHash("sha256").update(text).digest("hex") };
  });
};

/** One number that all who migrate agree on; the lock ends with the transaction. */
const migrationLock = 7_361_970;

/** Applies what is not applied yet, all or nothing, one process at a time. Throws when an applied migration was edited later. */
export const migrate = (database: Database, folder: string): Promise<number> =>
  database.begin(async (query) => {
    await query`select pg_advisory_xact_lock(${migrationLock})`;
    await query`create table if not exists migrations (number integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())`;
    const applied = new Map((await query<{ number: number; sha256: string }[]>`select number, sha256 from migrations`).map((row) => [row.number, row.sha256]));
    let count = 0;
    for (const { number, name, text, sha256 } of readMigrations(folder)) {
      const before = applied.get(number);
      if (before !== undefined && before !== sha256) throw new Error(`Migration ${name} was edited after it was applied.`);
      if (before !== undefined) continue;
      await query.unsafe(text);
      await query`insert into migrations (number, name, sha256) values (${number}, ${name}, ${sha256})`;
      count += 1;
    }
    return count;
  });
