// The embedded PostgreSQL: where it answers, how it is made and started.
import { readFileSync } from "node:fs";
import type { Config } from "./config.ts";
import type { Home } from "./home.ts";

/** The embedded server listens on a Unix socket only; the number is part of the socket's name. */
export const postgresPort = 5432;
/** Owner of the database, not a superuser; the supervisor alone has the superuser's password. */
export const postgresUser = "slipstream";
export const postgresDatabase = "slipstream";

export interface SocketConnection {
  kind: "socket";
  /** Folder of the socket. */
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}
export type PostgresConnection = { kind: "url"; url: string } | SocketConnection;

/**
 * What a DATABASE_URL with a Unix socket says, as libpq reads it: "postgres://user@/database?host=/run/postgresql", or the folder in the
 * place of the host, with its slashes as %2F. Undefined for one with a host. No URL parser reads these: they have no host.
 */
export const socketOf = (url: string): SocketConnection | undefined => {
  const parts = /^postgres(?:ql)?:\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?([^/?:]*)(?::(\d+))?(?:\/([^?]*))?(?:\?(.*))?$/.exec(url);
  if (!parts) return undefined;
  const [user = "", password = "", host = "", port = "", database = ""] = (parts.slice(1, 6) as (string | undefined)[]).map((part) =>
    decodeURIComponent(part ?? ""),
  );
  const query = new URLSearchParams(parts[6] ?? "");
  const folder = query.get("host") ?? host;
  if (!folder.startsWith("/")) return undefined;
  const name = user || query.get("user") || postgresUser;
  const number = Number(port || query.get("port") || postgresPort);
  return { kind: "socket", host: folder, port: number, user: name, password: password || query.get("password") || "", database: database || name };
};

/** How control reaches the truth: DATABASE_URL where it is set, else the embedded server. Reads the password's file. */
export const connectionOf = (home: Home, config: Pick<Config, "databaseUrl">): PostgresConnection => {
  if (config.databaseUrl !== undefined) return socketOf(config.databaseUrl) ?? { kind: "url", url: config.databaseUrl };
  const password = readFileSync(home.postgresPassword, "utf8").trim();
  return { kind: "socket", host: home.postgresSockets, port: postgresPort, user: postgresUser, password, database: postgresDatabase };
};
