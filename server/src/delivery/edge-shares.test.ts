import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ask, makeCertificate, rawExchange, startApp, startTrial, until } from "./edge-trial.ts";

// What one client holds leaves something for others: addresses of the loopback network stand for clients.

const connect = async (t: TestContext, port: number, localAddress: string): Promise<net.Socket> => {
  const socket = net.connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
};

const isClosed = (socket: net.Socket): Promise<unknown> => once(socket.resume(), "close");

test("a client has a part of the connections of both ports, and another one is served", async (t) => {
  const trial = await startTrial(t, { clientConnections: 8, clientPercent: 50 });
  trial.certificates["*.slip.localhost"] = await makeCertificate("*.slip.localhost");
  const app = await startApp(t, (_, response) => response.end("served"));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const held = [await connect(t, trial.http, "127.0.0.2"), await connect(t, trial.http, "127.0.0.2")];
  held.push(await connect(t, trial.https, "127.0.0.2"), await connect(t, trial.https, "127.0.0.2"));
  await until(() => trial.edge.sockets === 2, "the connections");
  await isClosed(await connect(t, trial.http, "127.0.0.2"));
  await isClosed(await connect(t, trial.https, "127.0.0.2"));
  assert.equal((await ask(trial.http, "app.localhost", { localAddress: "127.0.0.3" })).body, "served");
  held[0]?.destroy();
  await until(() => trial.edge.status().connections === 1, "the end of one");
  assert.equal((await ask(trial.http, "app.localhost", { localAddress: "127.0.0.2" })).body, "served");
});

test("all clients together have as many connections as the edge has", async (t) => {
  const trial = await startTrial(t, { clientConnections: 2, clientPercent: 100 });
  trial.publish({});
  await connect(t, trial.http, "127.0.0.2");
  await connect(t, trial.http, "127.0.0.3");
  await until(() => trial.edge.status().connections === 2, "the connections");
  await isClosed(await connect(t, trial.http, "127.0.0.4"));
});

test("requests to the platform that never end leave room for those of others", async (t) => {
  const path = join(tmpdir(), `slip-edge-shares-${process.pid}.sock`);
  const control = http.createServer((request, response) => void request.resume().on("end", () => response.end("answered")));
  await new Promise<void>((resolve) => control.listen(path, resolve));
  t.after(() => {
    control.close();
    control.closeAllConnections();
  });
  const trial = await startTrial(t, { platformConnections: 4, upstreamQueue: 1, clientPercent: 50 }, path);
  trial.publish({});
  const slow = "POST /oauth/token HTTP/1.1\r\nHost: slip.localhost\r\nContent-Length: 10\r\n\r\na";
  for (let index = 0; index < 2; index += 1) (await connect(t, trial.http, "127.0.0.2")).write(slow);
  await until(() => trial.edge.loadOf(path) === 2, "the requests");
  const more = await connect(t, trial.http, "127.0.0.2");
  more.write(slow);
  const [refused] = (await once(more, "data")) as [Buffer];
  assert.match(refused.toString("latin1"), /^HTTP\/1\.1 429 .*retry-after: 1/s);
  assert.match(await rawExchange(trial.http, "GET / HTTP/1.1\r\nHost: slip.localhost\r\nConnection: close\r\n\r\n", 5_000), /^HTTP\/1\.1 200 .*answered/s);
});

test("a client that holds its part of an app's connections waits for itself, and another one is served", async (t) => {
  const trial = await startTrial(t, { upstreamConnections: 4, upstreamQueue: 4, upstreamPercent: 50 });
  const app = await startApp(t, (request, response) => (request.url === "/held" ? undefined : void response.end("served")));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const hold = "GET /held HTTP/1.1\r\nHost: app.localhost\r\n\r\n";
  const held = await Promise.all(Array.from({ length: 2 }, () => connect(t, trial.http, "127.0.0.2")));
  for (const socket of held) socket.write(hold);
  await until(() => trial.edge.loadOf(app.address) === 2, "the requests");
  const waiting = await Promise.all(Array.from({ length: 2 }, () => connect(t, trial.http, "127.0.0.2")));
  for (const socket of waiting) socket.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
  await until(() => trial.edge.loadOf(app.address) === 4, "those that wait");
  assert.equal((await ask(trial.http, "app.localhost", { localAddress: "127.0.0.2" })).status, 503);
  for (let index = 0; index < 3; index += 1) assert.equal((await ask(trial.http, "app.localhost", { localAddress: "127.0.0.3" })).body, "served");
  held[0]?.destroy();
  for (const socket of waiting) assert.match(String(await once(socket, "data")), /^HTTP\/1\.1 200 /);
});

test("what a client has asked and given up is not counted any more", async (t) => {
  const trial = await startTrial(t, { platformConnections: 1, clientPercent: 100 }, "/nonexistent/control.sock");
  trial.publish({});
  for (let index = 0; index < 3; index += 1) assert.equal((await ask(trial.http, "slip.localhost")).status, 503);
});
