// Which processes an installation has, how each is started, when it is ready and how it ends. Pure.
import { join } from "node:path";
import { type Config, environmentOf } from "#platform/config.ts";
import { type Confinement, confined } from "#platform/confine.ts";
import { cleanEnv } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";
import { type Installation, uids } from "#platform/installation.ts";
import { socketOf } from "#platform/postgres.ts";
import { postgresArguments, postgresPrograms } from "#platform/postgres-server.ts";
import { restateArguments } from "#platform/restate-server.ts";
import { compiledEnvironment } from "./compiled.ts";
import { withClock } from "./fault-clock.ts";
import { keeperOf } from "./keeper.ts";
import { processLogPath } from "./process-log.ts";

/** `running`: there is nothing to ask. */
export type Readiness = { kind: "running" } | { kind: "postgres"; data: string } | { kind: "http"; probes: readonly { socketPath: string; path: string }[] };

export interface ProcessPlan {
  name: string;
  argv: readonly [string, ...string[]];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Names of processes that must be ready before it starts. */
  needs: readonly string[];
  readiness: Readiness;
  stopSignal: NodeJS.Signals;
  /** From the stop signal to SIGKILL. */
  stopMs: number;
  /** What ends it when it lives but is ready no more, so that it is started again. Without one it is left alone: it may go on. */
  unreadySignal?: NodeJS.Signals;
  /** After how many questions in a row without an answer, each of which waits 2 s; two where it is not said. */
  unansweredMax?: number;
  /** Whether it is given the public sockets, as `inheritedAt` says. */
  holdsSockets?: true;
  /** Whether its input ends when the supervisor does: then it has work to do, and no other supervisor adopts it. */
  leashed?: true;
}

export interface Ground {
  home: Home;
  installation: Installation;
  config: Config;
  /** Folder of the repository. */
  code: string;
  /** The Node that runs ours. */
  node: string;
  cores: number;
}

type User = "postgres" | "restate" | "control" | "edge";

/** How the process of `user` is confined: it sees the code, and of the installation only the folders that it has to do with. */
export const confinementOf = ({ home, installation, config, code, node }: Ground, user: User, more: Partial<Confinement> = {}): Confinement => {
  const users = uids(installation);
  const nodeFolder = node.startsWith(`${code}/`) || node.startsWith("/usr/") ? [] : [join(node, "..")];
  return {
    uid: users[user],
    gid: users[user],
    groups: [],
    umask: "0007",
    readOnly: [code, ...nodeFolder, ...(config.faultClock === undefined ? [] : [config.faultClock])],
    writable: [],
    staging: home.processLogs,
    cwd: home.root,
    offline: false,
    named: false,
    ...more,
  };
};

const postgresConfinement = (ground: Ground): Confinement =>
  confinementOf(ground, "postgres", { writable: [ground.home.postgres, ground.home.postgresSockets], umask: "0077", named: true, offline: true });

const postgresProgram = ({ code, home }: Ground): [string, ...string[]] =>
  postgresArguments(postgresPrograms(code).postgres, home.postgresData, home.postgresSockets);

const postgres = (ground: Ground): ProcessPlan => ({
  name: "postgres",
  argv: confined(postgresConfinement(ground), withClock(ground.config, postgresProgram(ground))),
  env: cleanEnv,
  cwd: "/",
  needs: [],
  readiness: { kind: "postgres", data: ground.home.postgresData },
  stopSignal: "SIGINT",
  stopMs: 20_000,
  unreadySignal: "SIGINT",
});

const restate = (ground: Ground): ProcessPlan => {
  const { home, code } = ground;
  const http = {
    kind: "http",
    probes: [
      { socketPath: home.restateSocket("admin"), path: "/health" },
      { socketPath: home.restateSocket("ingress"), path: "/restate/health" },
    ],
  } as const;
  return {
    name: "restate",
    argv: confined(confinementOf(ground, "restate", { writable: [home.restate] }), restateArguments(code, home.restateConfig)),
    env: cleanEnv,
    cwd: "/",
    needs: [],
    readiness: http,
    stopSignal: "SIGTERM",
    stopMs: 10_000,
  };
};

const entry = (code: string, name: string): string => join(code, "server", "src", "main", `${name}.ts`);

const environment = ({ home, config, code }: Ground): Record<string, string> => ({
  ...cleanEnv,
  ...compiledEnvironment(code),
  ...environmentOf({ ...config, home: home.root }),
});

const answersStatus = (socketPath: string): Readiness => ({ kind: "http", probes: [{ socketPath, path: "/v1/status" }] });

/** The folder of the socket that a DATABASE_URL names: control must see it. */
const databaseSockets = (databaseUrl: string | undefined): string[] => {
  const socket = databaseUrl === undefined ? undefined : socketOf(databaseUrl);
  return socket ? [socket.host] : [];
};

/**
 * What one call allocates is garbage when it is answered. With room for several calls it is collected while it is young (1 ms), and not
 * as old (50 to 150 ms, with threads that want the processors which the call itself waits for).
 */
const controlMemory = "--min-semi-space-size=16";

/**
 * Who asks it waits for ever while it stands still, and another control goes on with its work. A minute: one that has much to do, or
 * is on a machine that has, is to be left alone.
 */
const controlUnanswered = 20;

const control = (ground: Ground): ProcessPlan => {
  const { home, installation, config, code, node } = ground;
  const writable = [home.root, home.run, ...databaseSockets(config.databaseUrl)];
  const embedded = [...(config.databaseUrl === undefined ? ["postgres"] : []), ...(config.restateUrl === undefined ? ["restate"] : [])];
  return {
    name: "control",
    argv: confined(
      confinementOf(ground, "control", { writable, groups: [uids(installation).group] }),
      withClock(config, [node, controlMemory, entry(code, "control")]),
    ),
    env: environment(ground),
    cwd: "/",
    needs: embedded,
    readiness: answersStatus(home.controlSocket),
    stopSignal: "SIGTERM",
    stopMs: 10_000,
    unreadySignal: "SIGKILL",
    unansweredMax: controlUnanswered,
  };
};

/**
 * The C library keeps what was freed for the next who asks, and more of it the larger it was: a whole table that another one replaced, or the
 * files of a layer, were never given back. From this size on it gives back at once.
 */
const givenBack = { MALLOC_MMAP_THRESHOLD_: "131072" };

const host = (ground: Ground): ProcessPlan => ({
  name: "host",
  argv: withClock(ground.config, [ground.node, entry(ground.code, "host")]),
  env: { ...environment(ground), ...givenBack },
  cwd: ground.home.root,
  needs: [],
  readiness: answersStatus(ground.home.hostSocket),
  stopSignal: "SIGTERM",
  stopMs: 10_000,
  holdsSockets: true,
});

/** The argument vector of a supervisor that goes on with the public sockets that it is given. */
export const successorOf = (node: string, code: string): [string, ...string[]] => [node, entry(code, "up"), "--foreground", "--inherit"];

const keeper = (ground: Ground): ProcessPlan => ({
  name: "keeper",
  argv: keeperOf(successorOf(ground.node, ground.code), processLogPath(ground.home, "supervisor")),
  env: environment(ground),
  cwd: "/",
  needs: [],
  readiness: { kind: "running" },
  stopSignal: "SIGTERM",
  stopMs: 1_000,
  holdsSockets: true,
  leashed: true,
});

/**
 * Room for what is young. V8 begins with 1 MB, makes it more only while much of it stays, and takes it back with all other room after a
 * large table: an edge with a million host names then collected twice as often as one with a thousand.
 */
const edgeYoung = "--min-semi-space-size=4";

const edge = (ground: Ground, index: number): ProcessPlan => {
  const { home, config, code, node } = ground;
  const program = withClock(config, [node, edgeYoung, entry(code, "edge"), `${index}`, "--inherit"]);
  return {
    name: `edge-${index}`,
    argv: confined(confinementOf(ground, "edge", { writable: [home.root, home.run] }), program),
    env: { ...cleanEnv, ...compiledEnvironment(code), ...givenBack, SLIP_HOME: home.root },
    cwd: "/",
    needs: [],
    readiness: answersStatus(home.edgeSocket(index)),
    stopSignal: "SIGTERM",
    stopMs: 10_000,
    unreadySignal: "SIGKILL",
    holdsSockets: true,
  };
};

/** Every process of the installation, in the order in which a stop goes through them backwards. */
export const planOf = (ground: Ground): ProcessPlan[] => [
  ...(ground.config.databaseUrl === undefined ? [postgres(ground)] : []),
  ...(ground.config.restateUrl === undefined ? [restate(ground)] : []),
  host(ground),
  control(ground),
  keeper(ground),
  ...Array.from({ length: ground.cores }, (_, index) => edge(ground, index)),
];
