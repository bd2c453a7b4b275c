// edge.ts INDEX [--inherit]: one process of client traffic, on the public sockets that it is given. Without --inherit it opens the ports itself.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { edgeCalls, RouteTable, tableDigest } from "@slipstream/contract/ports/edge.ts";
import { serveCalls } from "#platform/calls.ts";
import { readConfig } from "#platform/config.ts";
import { homeAt } from "#platform/home.ts";
import { readInstallation } from "#platform/installation.ts";
import { logOf } from "#platform/log.ts";
import { Edge } from "../delivery/edge.ts";
import { logWriter } from "../observability/store/writer.ts";
import { inheritedAt } from "./supervisor/public-sockets.ts";

const { values, positionals } = parseArgs({ options: { inherit: { type: "boolean" } }, allowPositionals: true });
const index = Number(positionals[0] ?? 0);
const log = logOf(`edge-${index}`);
const home = homeAt(readConfig().home);
const installation = readInstallation(home);

/** The folder of this process's lines. */
const logFolder = (): string => {
  const folder = join(home.edgeLogs, String(index));
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  return folder;
};

/** The last table that control wrote: traffic flows before control does. */
const loadTable = (edge: Edge): void => {
  try {
    edge.publish(RouteTable.parse(JSON.parse(readFileSync(home.routeTable, "utf8"))));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") log.error("The route table on disk cannot be used", error);
  }
};

const logs = logWriter(logFolder());
const edge = new Edge({ controlSocket: home.controlSocket, httpsPort: installation.httpsPort, logs });
/** Who asks how it is learns it when clients are served, and not before. */
const accepts = Promise.withResolvers<void>();
const calls = await serveCalls(
  edgeCalls,
  {
    publish: async (table) => ({ version: edge.publish(table) }),
    inFlight: async ({ id }) => ({ requests: edge.inFlight(id) }),
    digest: async () => {
      const table = edge.routes()?.table;
      return table === undefined ? {} : { digest: tableDigest(table) };
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
loadTable(edge);
const { httpPort, httpsPort } = installation;
const ports = { http: { port: httpPort }, https: { port: httpsPort } };
await edge.listen(values.inherit ? { http: { fd: inheritedAt.http }, https: { fd: inheritedAt.https } } : ports);
accepts.resolve();
log.info("The edge serves", { http: httpPort, https: httpsPort, table: edge.status().version });

/** The supervisor waits ten seconds before it kills. */
const endMs = 8_000;

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
