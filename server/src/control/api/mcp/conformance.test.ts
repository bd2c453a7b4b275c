// The official suite, against an endpoint of the same making as /mcp: every scenario that a revision requires, and every check of it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { type Endpoint, mcpEndpoint } from "./endpoint.ts";
import { serversOf } from "./surface.ts";
import { conformanceSurface } from "./testing/conformance-surface.ts";

const suite = resolve(import.meta.dirname, "../../../../../node_modules/@modelcontextprotocol/conformance/dist/index.js");
const auth = { token: "", clientId: "conformance", scopes: [] };
const limits = { sessions: 200, sessionsOfOne: 200, idleMs: 60_000, eventBytes: 2 ** 20, bodyBytes: 2 ** 20 };

/** What no revision requires and we do not offer: tasks (an extension), and parameters of tools that are headers as well. */
const optional = /^(tasks-|http-custom-header-)/;

let endpoint: Endpoint;
const make = serversOf(
  conformanceSurface(() => endpoint.notify),
  randomBytes(32),
);
endpoint = mcpEndpoint({ make, hosts: ["localhost", "127.0.0.1", "[::1]"], limits, onError: () => {} });
const server = createServer(
  getRequestListener(
    async (request) =>
      endpoint.refuse(request) ??
      endpoint.serve({ request, body: Buffer.from(await request.arrayBuffer().catch(() => new ArrayBuffer(0))), auth, owner: "conformance" }),
    { overrideGlobalObjects: false },
  ),
);

before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
after(async () => {
  await endpoint.close();
  server.closeAllConnections();
  server.close();
});

interface Check {
  id: string;
  status: string;
  errorMessage?: string;
}

/** Each scenario's checks, and what the suite printed. */
const run = async (revision: string): Promise<{ code: number; said: string; scenarios: Map<string, Check[]> }> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-conformance-"));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    const child = spawn(process.execPath, [suite, "server", "--url", url, "--requirements", revision, "--output-dir", folder], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, "close")) as [number];
    const scenarios = new Map(
      readdirSync(folder).map((name) => [
        name.replace(/^server-|-\d{4}-\d\d-\d\dT.*$/g, ""),
        JSON.parse(readFileSync(join(folder, name, "checks.json"), "utf8")) as Check[],
      ]),
    );
    return { code, said, scenarios };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

for (const [revision, atLeast] of [
  ["2026-07-28", 37],
  ["2025-11-25", 30],
] as const)
  test(`every scenario that ${revision} requires passes whole`, async () => {
    const { code, said, scenarios } = await run(revision);
    assert.equal(code, 0, said);
    assert.ok(scenarios.size >= atLeast, `${scenarios.size} scenarios`);
    const lacking = [...scenarios].filter(([, checks]) => checks.some(({ status }) => !["SUCCESS", "INFO"].includes(status))).map(([name]) => name);
    assert.deepEqual(
      lacking.filter((name) => !optional.test(name)),
      [],
      said,
    );
  });
