import assert from "node:assert/strict";
import { once } from "node:events";
import type http from "node:http";
import net from "node:net";
import { type TestContext, test } from "node:test";
import { ask, deploymentId, startApp, startTrial, until } from "./edge-trial.ts";
import type { EdgeLimits } from "./proxy/edge-limits.ts";

// WebSockets and streams of events go on for hours: they take nothing away from requests, which have few connections here.

/** An app of which every path lasts but "/", and the edge in front of it; what was asked for at "/late" it has not begun to answer. */
const world = async (t: TestContext, limits: Partial<EdgeLimits>) => {
  const trial = await startTrial(t, { upstreamConnections: 2, upstreamQueue: 1, upstreamPercent: 100, ...limits });
  const held: http.ServerResponse[] = [];
  const app = await startApp(t, (request, response) => {
    if (request.url === "/") response.end("served");
    else held.push(response.setHeader("content-type", "text/event-stream; charset=utf-8"));
    if (request.url === "/events") response.flushHeaders();
  });
  const connections = new Set<net.Socket>();
  app.server.on("connection", (socket) => void connections.add(socket.on("close", () => connections.delete(socket))));
  app.server.on("upgrade", (_, socket: net.Socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  return { trial, held, connections };
};

/** What is answered first to a request that lasts. */
const begin = async (t: TestContext, port: number, path: string, localAddress = "127.0.0.1"): Promise<string> => {
  const socket = net.connect({ port, host: "127.0.0.1", localAddress });
  t.after(() => socket.destroy());
  const upgrade = path === "/socket" ? "Connection: Upgrade\r\nUpgrade: websocket\r\n" : "";
  socket.write(`GET ${path} HTTP/1.1\r\nHost: app.localhost\r\n${upgrade}\r\n`);
  const [head] = (await once(socket, "data")) as [Buffer];
  return head.toString("latin1").slice(9, 12);
};

for (const [path, status] of [
  ["/socket", "101"],
  ["/events", "200"],
] as const)
  test(`${path}: more of them last than there are connections for requests, and a request is served`, async (t) => {
    const { trial } = await world(t, {});
    for (let index = 0; index < 5; index += 1) assert.equal(await begin(t, trial.http, path), status);
    assert.equal((await ask(trial.http, "app.localhost")).body, "served");
  });

test("beyond what may last, of one client and of all, they count as requests do", async (t) => {
  const { trial } = await world(t, { upstreamStreams: 2, upstreamPercent: 50 });
  const clients = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"];
  for (const client of clients) assert.equal(await begin(t, trial.http, "/socket", client), "101");
  const waits = net.connect({ port: trial.http, host: "127.0.0.1" });
  t.after(() => waits.destroy());
  waits.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
  await until(() => trial.edge.inFlight(deploymentId("app")) === 5, "the one that waits");
  assert.equal((await ask(trial.http, "app.localhost")).status, 503);
});

test("a request that waits gets the connection of one that begins to last", async (t) => {
  const { trial, held } = await world(t, { upstreamConnections: 1 });
  const first = begin(t, trial.http, "/late");
  await until(() => held.length === 1, "the first request");
  const second = ask(trial.http, "app.localhost");
  await until(() => trial.edge.inFlight(deploymentId("app")) === 2, "the second");
  held[0]?.flushHeaders();
  assert.equal(await first, "200");
  assert.equal((await second).body, "served");
});

test("a stream that ended leaves no more connections than there may be", async (t) => {
  const { trial, held, connections } = await world(t, { upstreamConnections: 1 });
  assert.equal(await begin(t, trial.http, "/events"), "200");
  assert.equal((await ask(trial.http, "app.localhost")).body, "served");
  assert.equal(connections.size, 2);
  held[0]?.end();
  await until(() => connections.size === 1, "one connection less");
  assert.equal((await ask(trial.http, "app.localhost")).body, "served");
});
