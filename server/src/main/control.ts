// control.ts: the operations and the workflow. Needs PostgreSQL to start, and Restate to do the work; waits for both.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import http2 from "node:http2";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createEndpointHandler } from "@restatedev/restate-sdk";
import { SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import { callers } from "@slipstream/contract/ports/calls.ts";
import { hostCalls } from "@slipstream/contract/ports/host.ts";
import { type Config, readConfig } from "#platform/config.ts";
import { type Database, isConnectionError, migrate, openDatabase } from "#platform/database.ts";
import { waiting } from "#platform/database-away.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { continueIds } from "#platform/ids.ts";
import { readInstallation } from "#platform/installation.ts";
import { logOf } from "#platform/log.ts";
import { connectionOf } from "#platform/postgres.ts";
import { restateAddresses, restateClient } from "#platform/restate.ts";
import { Turns } from "#platform/turns.ts";
import { seedOwner, Tokens } from "../control/access/token-store.ts";
import { doorsOf } from "../control/api/doors.ts";
import { Gate } from "../control/api/gate.ts";
import { Idempotency } from "../control/api/idempotency.ts";
import { RateLimits } from "../control/api/rate/rate-limits.ts";
import { Approvals } from "../control/approvals/approvals.ts";
import { firstTenant, seedTenant } from "../control/apps/app-store.ts";
import { Commands } from "../control/apps/commands.ts";
import { authorityIn } from "../control/certificates/authority.ts";
import { type Control, platformDomain } from "../control/control.ts";
import { appObject } from "../control/deployments/app-object.ts";
import { Changes } from "../control/deployments/changes.ts";
import { Driver } from "../control/deployments/driver.ts";
import { Runs } from "../control/deployments/run.ts";
import { submitOpen } from "../control/deployments/submission.ts";
import { callsBetween, faultPointsIn, noFaultPoints } from "../control/faults/fault-points.ts";
import { handlersOf } from "../control/handlers.ts";
import { keyFile } from "../control/keys/key-files.ts";
import { openKeys } from "../control/keys/rotation.ts";
import { maintain, prepare } from "../control/maintenance.ts";
import { newestIds } from "../control/newest-ids.ts";
import { Edges } from "../control/routes/edges.ts";
import { RoutePublisher } from "../control/routes/route-publisher.ts";
import { tableSource } from "../control/routes/table-source.ts";
import { SourceStore } from "../control/sources/source-store.ts";
import { Deliverer } from "../control/webhooks/deliverer.ts";
import { Receivers } from "../control/webhooks/receiver.ts";
import { Drains } from "../control/workloads/drains.ts";
import { HostWatch } from "../control/workloads/host-watch.ts";
import { logReader } from "../observability/store/reader.ts";
import { logWriter } from "../observability/store/writer.ts";
import { withSignIn } from "./sign-in.ts";

const serverFolder = join(import.meta.dirname, "..", "..");
const log = logOf("control");
const retryMs = 100;

const versionOf = (): string => (JSON.parse(readFileSync(join(serverFolder, "package.json"), "utf8")) as { version: string }).version;

/** Each edge process keeps a folder of lines of its own. */
const logFolders = (home: Home): string[] => {
  const edges = readdirSync(home.edgeLogs, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [home.hostLogs, home.controlLogs, ...edges.map((entry) => join(home.edgeLogs, entry.name))];
};

const untilThere = async <T>(what: string, act: () => Promise<T>, isAway: (error: unknown) => boolean): Promise<T> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!isAway(error)) throw error;
      if (tries % 50 === 0) log.info(`waiting for ${what}`, { error: String(error) });
      await sleep(retryMs);
    }
  }
};

/** Throws `key_missing` for what is not a hash: no token is made of it. */
const readTokenHash = (home: Home): Buffer => {
  const hash = Buffer.from(readFileSync(home.tokenSha256, "utf8").trim(), "hex");
  if (hash.length !== 32)
    throw new SlipError("key_missing", `${home.tokenSha256} does not hold the hash of a token.`, { next: "Run 'slip down' and 'slip up'." });
  return hash;
};

const prepareDatabase = async (database: Database, home: Home): Promise<void> => {
  const applied = await migrate(database, join(serverFolder, "migrations"));
  if (applied > 0) log.info("migrations were applied", { applied });
  for (const id of await newestIds(database)) continueIds(id);
  await seedTenant(database);
  await seedOwner(database, firstTenant, readTokenHash(home));
};

const assemble = async (): Promise<Control> => {
  const config = readConfig();
  const home = homeAt(config.home);
  const installation = readInstallation(home);
  const connection = connectionOf(home, config);
  const database = openDatabase(connection);
  await untilThere("PostgreSQL", () => prepareDatabase(database, home), isConnectionError);
  const sealing = await openKeys(database, home.control);
  const proofKey = keyFile(join(home.control, "proof.key")).toString("hex");
  const source = tableSource({ database, sealing, proofKey });
  const edges = new Edges(home.edgeSockets, source);
  const faultPoints = config.faults ? faultPointsIn(home.faults) : noFaultPoints;
  const authority = await authorityIn(home.control, `Slipstream ${installation.id}`);
  const version = versionOf();
  return {
    home,
    installation,
    version,
    database,
    progress: openDatabase(connection, { durable: false, max: 4 }),
    host: callsBetween(faultPoints, "host", callers(hostCalls, home.hostSocket)),
    restate: restateClient(restateAddresses(home, config)),
    tokens: new Tokens(waiting(database)),
    approvals: new Approvals(),
    sealing,
    rotations: new Turns(1),
    authority,
    proofKey,
    sandboxFloor: config.sandboxFloor,
    routes: new RoutePublisher({ path: home.routeTable, edges, source, log }),
    changes: new Changes(),
    runs: new Runs(),
    driver: new Driver(),
    drains: new Drains(),
    hostWatch: new HostWatch(),
    commands: new Commands(),
    webhooks: new Deliverer({
      database,
      sealing,
      receivers: new Receivers(config.webhookHosts),
      authority: authority.certificate,
      faultPoints,
      version,
      log,
    }),
    faultPoints,
    logWriter: logWriter(home.controlLogs),
    logReader: logReader(() => logFolders(home)),
    log,
  };
};

/** Callers wait for a database that is away; the steps of the workflow come back to where they were instead. */
const listenForClients = (of: Control): Promise<void> => {
  const control = { ...of, database: waiting(of.database), progress: waiting(of.progress), work: of };
  const { database, home } = control;
  const handlers = handlersOf(control, new SourceStore(home), (call, name, input) => gate.perform(call, name, input));
  const gate: Gate = new Gate({
    database,
    tokens: control.tokens,
    idempotency: new Idempotency({ ...control, key: keyFile(join(home.control, "requests.key")) }),
    handlers,
    askApproval: (call, needed) => control.approvals.ask(control, call, needed),
  });
  control.approvals.actWith((call, name, input) => gate.onBehalf(call, name, input));
  const mcp = { key: keyFile(join(home.control, "mcp.key")), hosts: [platformDomain] };
  const limits = new RateLimits();
  const api = doorsOf({ gate, log, version: control.version, mcp, limits });
  const server = nodeHttp.createServer(withSignIn(control, { gate, limits, api }));
  mkdirSync(dirname(home.controlSocket), { recursive: true });
  rmSync(home.controlSocket, { force: true });
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(home.controlSocket, () => {
      chmodSync(home.controlSocket, 0o660);
      resolve();
    });
  });
};

/** Its own words on each invocation are too many to keep. */
const restateLogger = ({ level }: { level: string }, message?: unknown, ...rest: unknown[]): void => {
  if (level === "warn" || level === "error") log.warn("restate", { message: [message, ...rest].map(String).join(" ") });
};

/** Steps of the workflow, for Restate alone: requests that it did not sign are refused. */
const listenForRestate = (control: Control, { faultClock }: Pick<Config, "faultClock">): Promise<void> => {
  const key = readFileSync(control.home.restateIdentityKey, "utf8").trim();
  if (key === "") throw new Error("The key of Restate's identity is empty.");
  // A clock that a test has set is not Restate's, whose signatures would all seem to have expired.
  const identityKeys = faultClock === undefined ? [key] : [];
  const server = http2.createServer(createEndpointHandler({ services: [appObject(control)], identityKeys, logger: restateLogger }));
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(control.installation.handlerPort, "127.0.0.1", () => resolve());
  });
};

/** What a person has to mend is said as an error of the catalogue, which 'slip up' repeats. */
const refuse = (error: unknown): never => {
  if (!(error instanceof SlipError)) throw error;
  writeSync(process.stderr.fd, `${JSON.stringify(toErrorBody(error))}\n`);
  process.exit(error.exit);
};

const begin = async (): Promise<Control> => {
  const control = await assemble();
  await prepare(control);
  await listenForRestate(control, readConfig());
  await listenForClients(control);
  return control;
};

const main = async (): Promise<void> => {
  const control = await begin().catch(refuse);
  const ending = new AbortController();
  maintain(control, ending.signal);
  void untilThere(
    "Restate",
    async () => {
      await control.restate.register(`http://127.0.0.1:${control.installation.handlerPort}`);
      await submitOpen(control);
      log.info("ready");
    },
    () => !ending.signal.aborted,
  );

  /** What is under way stays with Restate and goes on when control is back. */
  process.on("SIGTERM", () => {
    ending.abort();
    void control.logWriter.flush().finally(() => process.exit(0));
  });
};

if (import.meta.main) await main();
