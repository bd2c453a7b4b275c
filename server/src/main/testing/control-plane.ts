// A control plane for tests: PostgreSQL, Restate, control and one edge for real, as the supervisor starts them; no host.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "@slipstream/contract/client.ts";
import { readConfig } from "#platform/config.ts";
import { type Database, openDatabase } from "#platform/database.ts";
import { execOrThrow } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";
import { type Installation, uids } from "#platform/installation.ts";
import { connectionOf } from "#platform/postgres.ts";
import { ensureCompiled } from "../supervisor/compiled.ts";
import { runFolders } from "../supervisor/folders.ts";
import { type Ground, planOf } from "../supervisor/plan.ts";
import { makeFolders, prepareDisk, prepareHome } from "../supervisor/prepare.ts";
import { PublicSockets } from "../supervisor/public-sockets.ts";
import { Supervised } from "../supervisor/supervised.ts";
import { prepareCluster } from "./made-cluster.ts";

export interface ControlPlane {
  home: Home;
  installation: Installation;
  client: Client;
  database: Database;
  /** Another caller: of a token that the test stored itself, or of none. */
  clientWith(token: string): Client;
  /** Kills a process without warning, and waits until its successor is ready. */
  kill(name: string): Promise<void>;
  /** Kills a process without warning; what it gives waits for the successor. */
  strike(name: string): () => Promise<void>;
  stop(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

/**
 * The files of a cluster are in memory: a disk takes longer to make a thousand files the more were removed lately, and each plane makes and
 * removes as many. Not those of Restate, which goes around what the system keeps of files: memory cannot do that everywhere.
 */
const mountMemory = async (folder: string): Promise<void> => {
  mkdirSync(folder);
  await execOrThrow(["mount", "-t", "tmpfs", "-o", "nosuid,nodev,size=16g", "slip-test", folder]);
};

const silent = { info() {}, warn() {}, error() {} };
const comeBackMs = 60_000;

const groundIn = async (folder: string, environment: Environment): Promise<Ground> => {
  const config = readConfig({ ...environment, SLIP_HOME: join(folder, "home") });
  const prepared = await prepareHome(config.home, { httpPort: 0, httpsPort: 0 });
  const ground = { ...prepared, config, code: resolve(import.meta.dirname, "../../../.."), node: process.execPath, cores: 1 };
  await ensureCompiled(ground.code, ground.node);
  await mountMemory(ground.home.postgres);
  prepareDisk(ground.home, ground.installation);
  makeFolders(runFolders(ground.home, uids(ground.installation)));
  await prepareCluster(ground);
  return ground;
};

const startAll = async (ground: Ground, sockets: PublicSockets, without: readonly string[]): Promise<Supervised[]> => {
  const { home } = ground;
  const servers = planOf(ground)
    .filter(({ name }) => !without.includes(name))
    .map(
      (plan) =>
        new Supervised(plan, {
          home,
          log: silent,
          changed: () => {},
          sockets: () => sockets.descriptors,
        }),
    );
  await Promise.all(servers.map((server) => server.start()));
  await Promise.all(servers.map((server) => server.ready));
  return servers;
};

const strike = (server: Supervised | undefined): (() => Promise<void>) => {
  const pid = server?.record?.pid;
  if (server === undefined || pid === undefined) throw new Error("There is no such process.");
  process.kill(pid, "SIGKILL");
  return async () => {
    for (const until = performance.now() + comeBackMs; server.record?.state !== "ready" || server.record.pid === pid; ) {
      if (performance.now() > until) throw new Error(`${server.plan.name} did not come back.`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
};

/** `environment` holds settings, as `readConfig` reads them; `without` names processes that are not started. */
export const startControlPlane = async (environment: Environment = {}, { without = ["host", "keeper"] } = {}): Promise<ControlPlane> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-control-"));
  const ground = await groundIn(folder, environment);
  const { home, installation, config } = ground;
  const sockets = await PublicSockets.bound(installation);
  const servers = await startAll(ground, sockets, without);
  const database = openDatabase(connectionOf(home, config), { max: 3 });
  const clientWith = (token: string): Client => new Client({ endpoint: { socketPath: home.controlSocket }, token });
  return {
    home,
    installation,
    database,
    clientWith,
    client: clientWith(readFileSync(home.token, "utf8").trim()),
    kill: (name) => strike(servers.find(({ plan }) => plan.name === name))(),
    strike: (name) => strike(servers.find(({ plan }) => plan.name === name)),
    async stop() {
      await database.end({ timeout: 1 });
      await Promise.all(servers.map((server) => server.stop()));
      sockets.close();
      await execOrThrow(["umount", home.postgres]);
      rmSync(folder, { recursive: true });
    },
  };
};
