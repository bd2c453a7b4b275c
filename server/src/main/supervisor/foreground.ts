// The process that supervises, from its lock to its end. It is loaded by who becomes one: it is most of the code, and 'slip up' and 'slip down' ask one.
import type { Server } from "node:net";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { givenPorts, readConfig } from "#platform/config.ts";
import { readInstallation, saveInstallation } from "#platform/installation.ts";
import { lockSupervisor } from "#platform/lock.ts";
import { logOf } from "#platform/log.ts";
import { isAlive } from "#platform/process-identity.ts";
import { claimSubnet } from "#platform/subnets.ts";
import { ensureCluster, requireCluster } from "./cluster.ts";
import { codeKey, ensureCode, inCode } from "./code.ts";
import { ensureCompiled } from "./compiled.ts";
import { leftOfHost } from "./left.ts";
import { unmountRun } from "./mounts.ts";
import type { Ground } from "./plan.ts";
import { prepareDisk, prepareHome } from "./prepare.ts";
import { PublicSockets } from "./public-sockets.ts";
import { readState, type SupervisorState } from "./state.ts";
import { withStores } from "./stores.ts";
import { Supervisor } from "./supervisor.ts";
import { isKept, isPlatformStopping } from "./watch.ts";

const readyMs = 120_000;
/** Those who hold the public sockets of a supervisor that died start another one within seconds. */
const handOverMs = 10_000;
/** The repository that this file is of. */
const source = resolve(import.meta.dirname, "../../../..");

const groundOf = (config: ReturnType<typeof readConfig>, prepared: Pick<Ground, "home" | "installation" | "code">): Ground => ({
  ...prepared,
  config,
  node: inCode(prepared.code, source, process.execPath),
  cores: availableParallelism(),
});

/** A copy of the folder has the same lock, as it has the same networks. */
const notReady = (home: Ground["home"], state: SupervisorState | undefined): SlipError =>
  state && isAlive(state.supervisor)
    ? new SlipError("unreachable", "Another 'slip up' runs, but does not become ready.", { next: `Read ${home.processLogs}/supervisor.log.` })
    : new SlipError("unreachable", `This installation is held by a process that does not run in ${home.root}: a copy of it in another folder runs.`, {
        next: "End the copy, by 'slip down' with its folder as SLIP_HOME; one of both can run. Where there is none, another 'slip up' takes long: wait for it.",
      });

/**
 * The lock; or undefined when another supervisor has it and is ready, for what it runs is what was asked for. One that stops is waited
 * for. Who has not inherited the public sockets lets those go first that hold them: they alone can go on without refusing a client.
 */
const lockUnlessReady = async (home: Ground["home"], inherits: boolean): Promise<Server | undefined> => {
  for (const begun = performance.now(); performance.now() < begun + readyMs; await sleep(50)) {
    const mayTake = inherits || performance.now() > begun + handOverMs || !isKept(home);
    const lock = mayTake ? await lockSupervisor(home) : undefined;
    // It was started to go on with a platform that somebody has ended since.
    if (inherits && isPlatformStopping(home)) return undefined;
    if (lock) return lock;
    const state = readState(home);
    if (state?.supervisor.state === "ready" && isAlive(state.supervisor)) return undefined;
  }
  throw notReady(home, readState(home));
};

/** Resolves when the platform is to end. `ready` runs when every process answers. */
const superviseUntilAsked = async (supervisor: Supervisor, ready: () => void): Promise<void> => {
  const asked = new Promise<void>((done) => {
    for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(name, () => done());
  });
  try {
    await supervisor.start();
    await Promise.race([supervisor.ready().then(ready), asked]);
    await asked;
  } finally {
    await supervisor.stop();
  }
};

/** Begins at once with the cluster of a first start, which takes the longest of all; PostgreSQL waits for it, and a failure is tried again. */
const firstCluster = (ground: Ground) => {
  if (ground.config.databaseUrl !== undefined) return {};
  const begun = ensureCluster(ground);
  begun.catch(() => {});
  return { postgres: () => begun.catch(() => ensureCluster(ground)) };
};

/** Supervises until it is asked to end; `report` says how the start went. `inherits`: the public sockets of the supervisor before were handed on. */
export const foreground = async (report: (result: object) => void, inherits: boolean): Promise<void> => {
  const config = readConfig();
  const prepared = await prepareHome(config.home, givenPorts());
  const { home } = prepared;
  if (!(await lockUnlessReady(home, inherits))) return report({ ready: true });
  const agreed = withStores(prepared.installation, config);
  requireCluster(home, prepared.installation);
  const installation = { ...prepared.installation, subnet: (await claimSubnet(prepared.installation.subnet)).subnet };
  prepareDisk(home, installation);
  const prepare = firstCluster(groundOf(config, { home, installation, code: source }));
  const key = codeKey(source);
  await ensureCompiled(source, process.execPath, key);
  const code = await ensureCode(home, source, key);
  const given = { prepare, sockets: inherits ? PublicSockets.inherited() : undefined };
  await superviseUntilAsked(new Supervisor(groundOf(config, { home, installation, code }), logOf("supervisor"), given), () => {
    // Only now: an address that was mistyped at the first start is nothing to hold on to.
    saveInstallation(home, { ...installation, database: agreed.database, restate: agreed.restate });
    report({ ready: true });
  });
};

/** Nobody supervises: what an earlier supervisor left running is ended here. The caller has the lock. */
export const stopLeftovers = async (config: ReturnType<typeof readConfig>, home: Ground["home"]): Promise<void> => {
  // Another 'slip down' finds this process as the supervisor that is to end: it does already.
  process.on("SIGTERM", () => {});
  const installation = readInstallation(home);
  // Where nothing says what was started, its sandboxes are known by their groups all the same.
  if (readState(home) || leftOfHost(installation.id).length > 0) {
    const supervisor = new Supervisor(groundOf(config, { home, installation, code: source }), logOf("down"));
    await supervisor.adoptToStop();
    await supervisor.stop();
  } else await unmountRun(home);
};
