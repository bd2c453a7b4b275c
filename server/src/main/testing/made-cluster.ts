// A PostgreSQL cluster with all tables for tests, made once for each state of the migrations: to make one is half of what a control plane's
// start takes. How the platform makes its own is tested by those that start a platform (up.test.ts, embedded.test.ts, test/e2e).
import { createHash, randomUUID } from "node:crypto";
import { chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { bootId } from "#platform/boot.ts";
import { migrate, openDatabase } from "#platform/database.ts";
import { exec, execOrThrow } from "#platform/exec.ts";
import { uids } from "#platform/installation.ts";
import { connectionOf } from "#platform/postgres.ts";
import { linkPostgresLibraries } from "#platform/postgres-libraries.ts";
import { postgresPackage } from "#platform/postgres-server.ts";
import { ensureCluster } from "../supervisor/cluster.ts";
import { type Ground, planOf } from "../supervisor/plan.ts";
import { Supervised } from "../supervisor/supervised.ts";

const silent = { info() {}, warn() {}, error() {} };
const prefix = "cluster-";

const migrationsOf = (code: string): string => join(code, "server", "migrations");

/** All that decides what is in a cluster. The start of the machine too: what is packed is not made safe on disk. */
const keyOf = (code: string): string => {
  const hash = createHash("sha256")
    .update(bootId())
    .update(readFileSync(join(postgresPackage(code), "package.json")));
  const platform = ["postgres-server.ts", "postgres.ts", "database.ts"].map((name) => join(code, "server/src/platform", name));
  for (const path of [import.meta.filename, join(import.meta.dirname, "../supervisor/cluster.ts"), ...platform]) hash.update(readFileSync(path));
  for (const name of readdirSync(migrationsOf(code)).sort()) hash.update(`\0${name}\0`).update(readFileSync(join(migrationsOf(code), name)));
  return hash.digest("hex").slice(0, 16);
};

const archiveOf = (code: string): string => join(code, "node_modules", ".cache", `${prefix}${keyOf(code)}.tar`);

/** Another made the same in the same moment: theirs is as good. Those of other states are removed. */
const keep = async ({ home, code }: Ground): Promise<void> => {
  const archive = archiveOf(code);
  const folder = dirname(archive);
  const unfinished = join(folder, `${prefix}${randomUUID()}`);
  mkdirSync(folder, { recursive: true });
  const [data, password] = [home.postgresData, home.postgresPassword];
  await execOrThrow(["tar", "--create", "--file", unfinished, "-C", dirname(data), basename(data), "-C", dirname(password), basename(password)]);
  renameSync(unfinished, archive);
  for (const name of readdirSync(folder)) if (name.startsWith(prefix) && name.endsWith(".tar") && name !== basename(archive)) rmSync(join(folder, name));
};

/** Makes the installation's own cluster as the platform does, with all tables, and keeps what came of it. */
const make = async (ground: Ground): Promise<void> => {
  const { home, config, code } = ground;
  const [plan] = planOf(ground).filter(({ name }) => name === "postgres");
  if (plan === undefined) throw new Error("There is no embedded PostgreSQL.");
  await ensureCluster(ground);
  const server = new Supervised(plan, { home, log: silent, changed: () => {} });
  await server.start();
  await server.ready;
  const database = openDatabase(connectionOf(home, config), { max: 1 });
  await migrate(database, migrationsOf(code)).finally(() => database.end());
  await server.stop();
  await keep(ground);
};

/** False where there is none, or what there is is no whole archive. */
const unpack = async ({ home, installation, code }: Ground): Promise<boolean> => {
  const archive = archiveOf(code);
  if (!existsSync(archive)) return false;
  const { postgres, control } = uids(installation);
  const folder = mkdtempSync(join(home.postgres, "made-"));
  const { code: failed } = await exec(["tar", "--extract", "--no-same-owner", "--file", archive, "-C", folder]);
  if (failed === 0) {
    const [data, password] = [join(folder, basename(home.postgresData)), join(folder, basename(home.postgresPassword))];
    await execOrThrow(["chown", "--recursive", `${postgres}:${postgres}`, data]);
    // It may be on another disk.
    copyFileSync(password, home.postgresPassword);
    chownSync(home.postgresPassword, control, control);
    renameSync(data, home.postgresData);
  }
  rmSync(folder, { recursive: true });
  return failed === 0;
};

/** Gives an installation that was never started a cluster of its own, as its first start would make it. */
export const prepareCluster = async (ground: Ground): Promise<void> => {
  linkPostgresLibraries(ground.code);
  if (!(await unpack(ground))) await make(ground);
};
