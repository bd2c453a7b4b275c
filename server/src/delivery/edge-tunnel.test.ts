import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { ask, deploymentId, startApp, startRawApp, startTrial, until } from "./edge-trial.ts";

/** An app that takes WebSocket upgrades and sends back what it gets, without looking into frames. */
const echoApp = async (t: Parameters<typeof startApp>[0]) => {
  const app = await startApp(t, (_, response) => response.end("plain"));
  const sockets: net.Socket[] = [];
  app.server.on("upgrade", (request, socket: net.Socket, head) => {
    sockets.push(socket);
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\nhi`);
    socket.write(head);
    socket.pipe(socket);
  });
  return { ...app, sockets };
};

const key = randomBytes(16).toString("base64");
const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": key, "sec-websocket-version": "13" };

const open = (port: number): Promise<{ socket: net.Socket; headers: http.IncomingHttpHeaders; text: () => string }> =>
  new Promise((resolve, reject) => {
    const request = http.get({ port, host: "127.0.0.1", agent: false, headers: { host: "app.localhost", ...upgrade } });
    request.on("error", reject);
    request.on("response", (answer) => reject(new Error(`not upgraded: ${answer.statusCode}`)));
    request.on("upgrade", (answer, socket: net.Socket, head) => {
      let text = head.toString("latin1");
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
      });
      resolve({ socket, headers: answer.headers, text: () => text });
    });
  });

test("a WebSocket works both ways, is counted, and is over when one side ends it", async (t) => {
  const trial = await startTrial(t);
  const app = await echoApp(t);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const { socket, headers, text } = await open(trial.http);
  assert.equal(headers["sec-websocket-accept"], createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64"));
  const data = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256));
  socket.write(data);
  await until(() => text().length === data.length + 2, "the echo");
  assert.equal(text(), `hi${data.toString("latin1")}`);
  assert.equal(trial.edge.inFlight(deploymentId("app")), 1);
  socket.end();
  await until(() => trial.edge.inFlight(deploymentId("app")) === 0, "the end");
  assert.match(trial.logs.lines[0]?.text ?? "", /^GET \/ 101 /);
});

test("the app may end it as well", async (t) => {
  const trial = await startTrial(t);
  const app = await echoApp(t);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const { socket } = await open(trial.http);
  let ended = false;
  socket.on("end", () => (ended = true));
  app.sockets[0]?.end("bye");
  await until(() => ended, "the end at the client");
  await until(() => trial.edge.inFlight(deploymentId("app")) === 0, "the end");
});

test("a tunnel outlives every deadline of requests", async (t) => {
  const trial = await startTrial(t, { responseMs: 200, idleMs: 200, headerMs: 200 });
  const app = await echoApp(t);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const { socket, text } = await open(trial.http);
  t.after(() => socket.destroy());
  await new Promise((resolve) => setTimeout(resolve, 900));
  socket.write("still");
  await until(() => text() === "histill", "the echo");
});

test("bytes that the client sends before the answer are not lost", async (t) => {
  const trial = await startTrial(t);
  const app = await echoApp(t);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const fields = Object.entries(upgrade).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = await trial.raw(`GET / HTTP/1.1\r\nHost: app.localhost\r\n${fields.join("")}\r\nearly`);
  assert.match(text, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\nhiearly$/);
});

test("a refused upgrade is an ordinary answer", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (request, response) => response.end(request.headers.upgrade ?? "none"));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  assert.equal((await ask(trial.http, "app.localhost", { headers: upgrade })).body, "websocket");
  assert.equal(
    (await ask(trial.http, "app.localhost", { headers: { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "x" } })).body,
    "none",
  );
});

test("a tunnel through which the client does not read holds the app back", async (t) => {
  const trial = await startTrial(t);
  let written = 0;
  const address = await startRawApp(t, (socket) =>
    socket.once("data", () => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      const block = Buffer.alloc(2 ** 20);
      const fill = (): void => {
        while (written < 200 && socket.write(block)) written += 1;
        written += 1;
        if (written < 200) socket.once("drain", fill);
      };
      fill();
    }),
  );
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  const socket = net.connect(trial.http, "127.0.0.1", () =>
    socket.write("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
  );
  t.after(() => socket.destroy());
  socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(written < 100, `${written} MB were taken`);
});
