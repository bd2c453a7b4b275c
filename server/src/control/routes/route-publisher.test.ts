import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { edgeCalls, type RouteTable } from "@slipstream/contract/ports/edge.ts";
import { tableIn } from "@slipstream/contract/ports/table-file.ts";
import { serveCalls } from "#platform/calls.ts";
import { logOf } from "#platform/log.ts";
import { Edges } from "./edges.ts";
import { RoutePublisher } from "./route-publisher.ts";

const tableOf = (version: number): RouteTable => ({ version, platformHosts: [], hosts: {}, certificates: {}, proofKey: "0".repeat(64) });

/** An edge as a process that acknowledges every table, and calls `asked` first. */
const startEdge = async (context: TestContext, socketPath: string, asked: () => Promise<void> = async () => {}) => {
  let version = 0;
  const handlers = {
    publish: async (table: RouteTable) => {
      await asked();
      version = table.version;
      return { version };
    },
    inFlight: async () => ({ requests: 0 }),
    loads: async () => ({ since: "", requestMs: {} }),
    digest: async () => ({}),
    version: async () => ({ version }),
    removeLogs: async () => ({}),
    status: async () => ({ version, connections: 0, requests: 0 }),
  };
  const server = await serveCalls(edgeCalls, handlers, { socketPath, log: logOf("test") });
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { served: () => version };
};

/** An empty folder for edges, and a publisher of tables counted from 1. */
const world = (context: TestContext, { isOpen = true } = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "slip-routes-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "table.json");
  const warnings: string[] = [];
  const log = { warn: (message: string) => void warnings.push(message) };
  let read = 0;
  const publisher = new RoutePublisher({ path, edges: new Edges(folder), log, read: async () => tableOf(++read) });
  if (isOpen) publisher.open();
  return { path, publisher, warnings, socket: (name: string) => join(folder, `${name}.sock`) };
};

test("nothing is published before the addresses are known to be of this start of the machine", async (context) => {
  const { publisher, socket } = world(context, { isOpen: false });
  const { served } = await startEdge(context, socket("edge-0"));
  const publishing = publisher.publish();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(served(), 0);
  publisher.open();
  assert.equal(await publishing, 1);
  assert.equal(served(), 1);
});

test("a full disk holds up no switch: edges have the table, and the disk gets it later", async (context) => {
  const { path, publisher, warnings, socket } = world(context);
  const { served } = await startEdge(context, socket("edge-0"));
  const full = `${path}.${process.pid}.new`;
  symlinkSync("/dev/full", full);
  assert.equal(await publisher.publish(), 1);
  assert.equal(await publisher.publish(), 2);
  assert.deepEqual([served(), publisher.isWritten, existsSync(path), warnings.length], [2, false, false, 1]);
  rmSync(full);
  await publisher.publish();
  assert.equal(publisher.isWritten, true);
  assert.equal(tableIn(readFileSync(path, "utf8"))?.version, 3);
});

test("an edge that comes up while the others are told has the table when the publisher is done", async (context) => {
  const { publisher, socket } = world(context);
  const late = Promise.withResolvers<{ served: () => number }>();
  await startEdge(context, socket("edge-0"), async () => late.resolve(await startEdge(context, socket("edge-1"))));
  await publisher.publish();
  assert.equal((await late.promise).served(), 1);
});
