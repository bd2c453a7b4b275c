// edge.ts INDEX [--uid N --gid N]: one process of client traffic. Opens the public ports as root, then gives root up.
import { chownSync, mkdirSync, readFileSync } from "node:fs";
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

const { values, positionals } = parseArgs({ options: { uid: { type: "string" }, gid: { type: "string" } }, allowPositionals: true });
const index = Number(positionals[0] ?? 0);
const user = values.uid === undefined || values.gid === undefined ? undefined : { uid: Number(values.uid), gid: Number(values.gid) };
const log = logOf(`edge-${index}`);
const home = homeAt(readConfig().home);
const installation = readInstallation(home);

/** The folder of this process's lines, owned by the user that it runs as. */
const logFolder = (): string => {
  const folder = join(home.edgeLogs, String(index));
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  if (user) chownSync(folder, user.uid, user.gid);
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

const dropRoot = (): void => {
  if (!user) return;
  process.setgroups?.([user.gid]);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
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
  { socketPath: home.edgeSocket(index), ...(user ? { group: user.gid } : {}), log },
);
// Only now: a table that is written after this is sent to every socket for calls, so none is missed.
loadTable(edge);
await edge.listen({ http: installation.httpPort, https: installation.httpsPort });
accepts.resolve();
dropRoot();
log.info("The edge serves", { http: installation.httpPort, https: installation.httpsPort, table: edge.status().version });

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
