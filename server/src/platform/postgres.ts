// The embedded PostgreSQL: where it answers, how it is made and started.
import { readFileSync } from "node:fs";
import type { Config } from "./config.ts";
import type { Home } from "./home.ts";

/** The embedded server listens on a Unix socket only; the number is part of the socket's name. */
export const postgresPort = 5432;
/** Owner of the database, not a superuser; the supervisor alone has the superuser's password. */
export const postgresUser = "slipstream";
export const postgresDatabase = "slipstream";

export type PostgresConnection =
  | { kind: "url"; url: string }
  | {
      kind: "socket";
      /** Folder of the socket. */
      host: string;
      port: number;
      user: string;
      password: string;
      database: string;
    };

/** How control reaches the truth: DATABASE_URL where it is set, else the embedded server. Reads the password's file. */
export const connectionOf = (home: Home, config: Pick<Config, "databaseUrl">): PostgresConnection => {
  if (config.databaseUrl !== undefined) return { kind: "url", url: config.databaseUrl };
  const password = readFileSync(home.postgresPassword, "utf8").trim();
  return { kind: "socket", host: home.postgresSockets, port: postgresPort, user: postgresUser, password, database: postgresDatabase };
};
