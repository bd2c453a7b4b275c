import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ask, startApp, startTrial, until } from "./edge-trial.ts";

const megabyte = Buffer.alloc(2 ** 20, "0123456789abcdef");
const total = 100;

test("events arrive when they are sent, not when the answer ends", async (t) => {
  const trial = await startTrial(t);
  let stream: http.ServerResponse | undefined;
  const app = await startApp(t, (_, response) => {
    stream = response;
    response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  let text = "";
  let ended = false;
  http.get({ port: trial.http, host: "127.0.0.1", agent: false, headers: { host: "app.localhost" } }, (answer) => {
    answer.on("data", (chunk) => {
      text += chunk;
    });
    answer.on("end", () => (ended = true));
  });
  await until(() => text === "data: 1\n\n", "the first event");
  stream?.write("data: 2\n\n");
  await until(() => text.endsWith("data: 2\n\n"), "the second event");
  assert.equal(ended, false);
  stream?.end();
  await until(() => ended, "the end");
});

test("a request is streamed as well: its first bytes are there before its last", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (request, response) => {
    request.on("data", (chunk) => response.write(chunk));
    request.on("end", () => response.end());
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  let text = "";
  const request = http.request({ port: trial.http, host: "127.0.0.1", agent: false, method: "POST", headers: { host: "app.localhost" } }, (answer) =>
    answer.on("data", (chunk) => {
      text += chunk;
    }),
  );
  request.write("one");
  await until(() => text === "one", "the echo of the first");
  request.end("two");
  await until(() => text === "onetwo", "the echo of the second");
});

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
/** Bytes that buffers hold at present, without garbage. */
const held = (): number => {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
};

test("100 MB to a slow client: the app is held back, not the bytes", async (t) => {
  const trial = await startTrial(t);
  let sent = 0;
  const app = await startApp(t, async (_, response) => {
    for (; sent < total && !response.destroyed; sent += 1) if (!response.write(megabyte)) await new Promise((resolve) => response.once("drain", resolve));
    response.end();
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const before = held();
  const socket = net.connect(trial.http, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n"));
  socket.pause();
  t.after(() => socket.destroy());
  await new Promise((resolve) => setTimeout(resolve, 300));
  // What the kernel's buffers hold is sent as well.
  assert.ok(sent < 40, `${sent} MB were taken`);
  assert.ok(held() - before < 8 * 2 ** 20, `${Math.round((held() - before) / 2 ** 20)} MB were held`);
  let received = 0;
  socket.on("data", (chunk: Buffer) => (received += chunk.length));
  socket.resume();
  await new Promise((resolve) => socket.on("end", resolve));
  assert.ok(received > total * 2 ** 20, `${received} bytes came`);
});

test("100 MB to a slow app: the client is held back, not the bytes", async (t) => {
  const trial = await startTrial(t);
  let received = 0;
  let reading: http.IncomingMessage | undefined;
  const app = await startApp(t, (request, response) => {
    reading = request;
    request.on("data", (chunk: Buffer) => (received += chunk.length));
    request.on("end", () => response.end(String(received)));
    request.pause();
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const before = held();
  let sent = 0;
  const answer = new Promise<string>((resolve, reject) => {
    const request = http.request({ port: trial.http, host: "127.0.0.1", agent: false, method: "PUT", headers: { host: "app.localhost" } }, (response) => {
      response.setEncoding("utf8").on("data", resolve);
    });
    request.on("error", reject);
    const write = (): void => {
      if (sent === total) return void request.end();
      sent += 1;
      if (request.write(megabyte)) write();
      else request.once("drain", write);
    };
    write();
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(sent < 40, `${sent} MB were taken`);
  assert.ok(held() - before < 8 * 2 ** 20, `${Math.round((held() - before) / 2 ** 20)} MB were held`);
  reading?.resume();
  assert.equal(await answer, String(total * 2 ** 20));
});

test("large bodies both ways at once arrive byte for byte", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (request, response) => request.pipe(response));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const body = Buffer.concat([megabyte, Buffer.from("odd"), megabyte.subarray(0, 333_333), megabyte, megabyte]);
  const answers = await Promise.all(Array.from({ length: 4 }, () => ask(trial.http, "app.localhost", { method: "POST", body })));
  for (const answer of answers) assert.ok(answer.body === body.toString());
});

test("a slow client that stops reading for good is given up", async (t) => {
  const trial = await startTrial(t, { responseMs: 300 });
  let gone = false;
  const app = await startApp(t, async (_, response) => {
    response.on("close", () => (gone = true));
    response.setMaxListeners(100);
    while (!response.destroyed) if (!response.write(megabyte)) await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const socket = net.connect(trial.http, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"));
  socket.on("error", () => {});
  socket.pause();
  t.after(() => socket.destroy());
  await until(() => gone, "the app to be let go");
});
