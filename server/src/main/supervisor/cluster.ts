// The first start of the embedded PostgreSQL makes its cluster: whole, or not at all.
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execOrThrow } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";
import { accessRules, firstSql, initdbArguments, postgresPrograms, singleUserArguments } from "#platform/postgres-server.ts";

type Confine = (argv: readonly [string, ...string[]]) => [string, ...string[]];

/** `confine` runs a program as the user of PostgreSQL. A cluster that was cut off while it was made is made anew. */
export const ensureCluster = async (home: Home, code: string, owner: number, confine: Confine): Promise<void> => {
  if (existsSync(home.postgresData)) return;
  const programs = postgresPrograms(code);
  const unfinished = join(home.postgres, "data.new");
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  chownSync(unfinished, owner, owner);
  await execOrThrow(confine(initdbArguments(programs.initdb, unfinished)));
  const password = readFileSync(home.postgresPassword, "utf8").trim();
  await execOrThrow(confine(singleUserArguments(programs.postgres, unfinished)), { input: firstSql(password) });
  writeFileSync(join(unfinished, "pg_hba.conf"), accessRules);
  renameSync(unfinished, home.postgresData);
};
