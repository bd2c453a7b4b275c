import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { edgeCalls, type RouteTable } from "@slipstream/contract/ports/edge.ts";
import { serveCalls } from "#platform/calls.ts";
import { logOf } from "#platform/log.ts";
import { Edges } from "./edges.ts";
import { RoutePublisher } from "./route-publisher.ts";

const tableOf = (version: number): RouteTable => ({ version, platformHosts: [], hosts: {}, certificates: {}, proofKey: "0".repeat(64) });

/** An edge as a process that acknowledges every table, and a publisher of tables counted from 1. */
const world = async (context: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), "slip-routes-"));
  let served = 0;
  let asked = 0;
  const handlers = {
    publish: async (table: RouteTable) => {
      served = table.version;
      return { version: served };
    },
    inFlight: async () => ({ requests: 0 }),
    digest: async () => ({}),
    removeLogs: async () => ({}),
    status: async () => Promise.reject(new Error("nobody asks")),
  };
  const server = await serveCalls(edgeCalls, handlers, { socketPath: join(folder, "edge-0.sock"), log: logOf("test") });
  context.after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, "table.json");
  const warnings: string[] = [];
  const log = { warn: (message: string) => void warnings.push(message) };
  const publisher = new RoutePublisher({ path, edges: new Edges(folder), log, read: async () => tableOf(++asked) });
  return { path, publisher, warnings, served: () => served };
};

test("a full disk holds up no switch: edges have the table, and the disk gets it later", async (context) => {
  const { path, publisher, warnings, served } = await world(context);
  const full = `${path}.${process.pid}.new`;
  symlinkSync("/dev/full", full);
  assert.equal(await publisher.publish(), 1);
  assert.equal(await publisher.publish(), 2);
  assert.deepEqual([served(), publisher.isWritten, existsSync(path), warnings.length], [2, false, false, 1]);
  rmSync(full);
  await publisher.publish();
  assert.equal(publisher.isWritten, true);
  assert.equal(JSON.parse(readFileSync(path, "utf8")).version, 3);
});
