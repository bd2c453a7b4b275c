// The first start of the embedded PostgreSQL makes its cluster: whole, or not at all.
import { createHash } from "node:crypto";
import { existsSync, lchownSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { confined } from "#platform/confine.ts";
import { execOrThrow } from "#platform/exec.ts";
import { sync, syncNames } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { type Installation, uids } from "#platform/installation.ts";
import { linkPostgresLibraries } from "#platform/postgres-libraries.ts";
import { firstSql, makeClusterArguments, passwordSql, singleArguments } from "#platform/postgres-server.ts";
import { confinementOf, type Ground } from "./plan.ts";
import { writeFor } from "./prepare.ts";

/** The server itself also sees the folder of its socket; while the cluster is made there is none yet. */
const confinement = (ground: Ground) => confinementOf(ground, "postgres", { writable: [ground.home.postgres], umask: "0077", named: true, offline: true });

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Where the password's file was lost or damaged, and made anew, the cluster takes the new one. To be called while no server runs. */
const givePassword = async (ground: Ground, password: string): Promise<void> => {
  const { home, code } = ground;
  const path = home.postgresPasswordSha256;
  const isKnown = existsSync(path);
  if (isKnown && readFileSync(path, "utf8") === sha256(password)) return;
  if (isKnown) await execOrThrow(confined(confinement(ground), singleArguments(code, home.postgresData)), { input: passwordSql(password) });
  writeFor(0, path, sha256(password));
};

/** Throws `database_missing` where an earlier start had one: an empty one in its place would be a platform without apps, that collects their artifacts. */
export const requireCluster = (home: Home, { database }: Installation): void => {
  if (database === "embedded" && !existsSync(home.postgresData)) throw new SlipError("database_missing");
};

/** Makes the cluster where there is none. One that was cut off while it was made is made anew. To be called while no server runs. */
export const ensureCluster = async (ground: Ground): Promise<void> => {
  const { home, code, installation } = ground;
  linkPostgresLibraries(code);
  const password = readFileSync(home.postgresPassword, "utf8").trim();
  if (existsSync(home.postgresData)) return await givePassword(ground, password);
  const owner = uids(installation).postgres;
  const unfinished = join(home.postgres, "data.new");
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  lchownSync(unfinished, owner, owner);
  await execOrThrow(confined(confinement(ground), makeClusterArguments(code, unfinished)), { input: firstSql(password) });
  // What initdb made it has made safe itself, and the server that it started what that wrote.
  await sync(join(unfinished, "pg_hba.conf"));
  await sync(unfinished);
  renameSync(unfinished, home.postgresData);
  await syncNames(home.root, [home.postgresData]);
  await givePassword(ground, password);
};
