// edge.ts INDEX [--inherit]: one process of client traffic, on the public sockets that it is given. Without --inherit it opens the ports itself.
import { randomUUID } from "node:crypto";
import { createReadStream, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { callers } from "@slipstream/contract/ports/calls.ts";
import { edgeCalls } from "@slipstream/contract/ports/edge.ts";
import type { RouteTable } from "@slipstream/contract/ports/route-table.ts";
import { readTableFile } from "@slipstream/contract/ports/table-file.ts";
import { wakeCalls } from "@slipstream/contract/ports/wake.ts";
import { serveCalls } from "#platform/calls.ts";
import { readConfig } from "#platform/config.ts";
import { giveBackHeapRoom } from "#platform/heap-room.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { readInstallation } from "#platform/installation.ts";
import { type Log, logOf } from "#platform/log.ts";
import { openFilesMax } from "#platform/open-files.ts";
import { Edge } from "../delivery/edge.ts";
import { type EdgeLimits, edgeLimits } from "../delivery/proxy/edge-limits.ts";
import { logWriter } from "../observability/store/writer.ts";
import { inheritedAt } from "./supervisor/public-sockets.ts";

/** The folder of this process's lines. */
const logFolder = (home: Home, index: number): string => {
  const folder = join(home.edgeLogs, String(index));
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  return folder;
};

/** To read so many takes room that is worth being given back. */
const manyEntries = 10_000;

/** Control is answered between two pieces of the file. */
const pieceBytes = 1_048_576;

const readTable = async (home: Home, log: Log): Promise<RouteTable | undefined> => {
  try {
    return (await readTableFile(createReadStream(home.routeTable, { highWaterMark: pieceBytes })))?.table;
  } catch (error) {
    log.error("The route table on disk cannot be read", error);
    return undefined;
  }
};

/** Control sends the first table as soon as it is there, and looks for edges that are behind much more often than this: where it is away, clients are told so at last. */
const tableMs = 10_000;

/**
 * Publishes the last table that control wrote: traffic flows before control does. Where there is none yet, or it is damaged, control is
 * waited for: clients wait, or other edges take them. An older table would be no help, since addresses that it names may be another app's by now.
 */
const loadTable = async (edge: Edge, { home, log, sent }: { home: Home; log: Log; sent: Promise<void> }): Promise<void> => {
  if (existsSync(home.routeTable)) {
    const table = await readTable(home, log);
    if (table !== undefined) {
      edge.adopt(table);
      if (table.entries > manyEntries) giveBackHeapRoom();
      return;
    }
    log.warn("The route table on disk is damaged, or of another version, and is not served; control is waited for");
  }
  await Promise.race([sent, sleep(tableMs, undefined, { ref: false })]);
};

/** Each request may need a connection to an app besides that of its client. */
const limitsOfProcess = (): EdgeLimits => {
  const limits = edgeLimits();
  return { ...limits, clientConnections: Math.min(limits.clientConnections, Math.floor(openFilesMax() / 2)) };
};

/** The supervisor waits ten seconds before it kills. */
const endMs = 8_000;

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({ options: { inherit: { type: "boolean" } }, allowPositionals: true });
  const index = Number(positionals[0] ?? 0);
  const log = logOf(`edge-${index}`);
  const home = homeAt(readConfig().home);
  const installation = readInstallation(home);
  const logs = logWriter(logFolder(home, index));
  const host = callers(wakeCalls, home.wakeSocket);
  const { httpPort, httpsPort } = installation;
  const edge = new Edge({ controlSocket: home.controlSocket, httpsPort, logs, wake: (id) => host.wake({ id }), limits: limitsOfProcess() });
  /** Resolves when control has sent a table. */
  const sent = Promise.withResolvers<void>();
  /** Who asks how it is learns it when clients are served, and not before. */
  const accepts = Promise.withResolvers<void>();
  const since = randomUUID();
  const calls = await serveCalls(
    edgeCalls,
    {
      publish: async (message) => {
        const version = edge.take(message);
        if (edge.table) sent.resolve();
        if (message.kind === "end" && message.entries > manyEntries) setImmediate(giveBackHeapRoom);
        const answer = message.kind === "delta" && message.proof ? await edge.prove(message.proof) : undefined;
        return answer ? { version, answer } : { version };
      },
      inFlight: async ({ deployments }) => ({ requests: deployments.reduce((sum, id) => sum + edge.inFlight(id), 0) }),
      loads: async ({ deployments }) => ({ since, requestMs: Object.fromEntries(deployments.map((id) => [id, edge.requestMs(id)])) }),
      digest: async () => {
        const digest = await edge.table?.digestAnew(nextTurn);
        return digest === undefined ? {} : { digest };
      },
      version: async () => ({ version: edge.status().version }),
      followLogs: async ({ tenant, project, app }) => {
        logs.follow(tenant, project, app);
        return {};
      },
      removeLogs: async ({ tenant, project, app }) => {
        await logs.removeApp(tenant, project, app);
        return {};
      },
      status: async () => {
        await accepts.promise;
        return edge.status();
      },
    },
    { socketPath: home.edgeSocket(index), log },
  );
  // Only now: a table that is written after this is sent to every socket for calls, so none is missed.
  await loadTable(edge, { home, log, sent: sent.promise });
  const ports = { http: { port: httpPort }, https: { port: httpsPort } };
  await edge.listen(values.inherit ? { http: { fd: inheritedAt.http }, https: { fd: inheritedAt.https } } : ports);
  accepts.resolve();
  log.info("The edge serves", { http: httpPort, https: httpsPort, table: edge.status().version });

  process.once("SIGTERM", () => {
    calls.close();
    edge.end(endMs).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error("The edge did not end cleanly", error);
        process.exit(1);
      },
    );
  });
};

if (import.meta.main) await main();
