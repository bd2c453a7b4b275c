import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask, startApp, startRawApp, startTrial, until } from "./edge-trial.ts";

const get = (extra = ""): string => `GET / HTTP/1.1\r\nHost: app.localhost\r\n${extra}\r\n`;

/** A port where nothing listens. */
const closedPort = (): Promise<string> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(`127.0.0.1:${port}`));
    });
  });

test("an instance that refuses connections: 503 with the time to try again, and the reason in the app's log", async (t) => {
  const trial = await startTrial(t);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [await closedPort()] }] });
  const answer = await ask(trial.http, "app.localhost");
  assert.deepEqual([answer.status, answer.headers["retry-after"], answer.headers["cache-control"]], [503, "1", "no-store"]);
  assert.match(trial.logs.lines[0]?.text ?? "", / 503 .*\(the instance takes no connection\)$/);
});

test("of two instances the one that answers takes every request", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.end("ok"));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [await closedPort(), app.address] }] });
  for (let count = 0; count < 20; count += 1) assert.equal((await ask(trial.http, "app.localhost")).status, 200);
});

test("an instance that does not take the connection in time: 503", async (t) => {
  const trial = await startTrial(t, { connectMs: 300 });
  // TEST-NET-1 (RFC 5737): packets to it lead nowhere. Where they are rejected at once the answer is the same.
  trial.publish({ "app.localhost": [{ app: "app", addresses: ["192.0.2.1:80"] }] });
  assert.equal((await ask(trial.http, "app.localhost")).status, 503);
});

test("a request that comes while the process stands still has all of its time to be connected", async (t) => {
  const trial = await startTrial(t, { connectMs: 1_000 });
  const app = await startApp(t, (_, response) => response.end("ok"));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const client = net.connect(trial.http, "127.0.0.1");
  t.after(() => client.destroy());
  await once(client, "connect");
  // Connections are accepted in their order, so the edge has it when another one was answered.
  assert.equal((await ask(trial.http, "unknown.localhost")).status, 404);
  const still = await startRawApp(t, (socket) => socket.on("data", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)));
  const poke = net.connect(Number(still.split(":")[1]), "127.0.0.1");
  t.after(() => poke.destroy());
  await once(poke, "connect");
  await sleep(20);
  // Both are there when the process looks, and the first makes it stand still.
  poke.write("x");
  client.write(get("Connection: close\r\n"));
  assert.match(await text(client), /^HTTP\/1\.1 200 /);
});

test("an instance that does not answer in time: 504, and its connection is given up", async (t) => {
  const trial = await startTrial(t, { responseMs: 300 });
  let closed = false;
  const address = await startRawApp(t, (socket) => socket.on("close", () => (closed = true)).resume());
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  assert.equal((await ask(trial.http, "app.localhost")).status, 504);
  await until(() => closed, "the connection to be closed");
});

test("a client that does not send its head, or its body, in time: 408", async (t) => {
  const trial = await startTrial(t, { headerMs: 300, responseMs: 300 });
  const app = await startApp(t, (request, response) => request.on("end", () => response.end("ok")).resume());
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  assert.match(await trial.raw("GET / HTTP/1.1\r\nHost: app.loc", 2_000), /^HTTP\/1\.1 408 [\s\S]*connection: close/);
  assert.match(await trial.raw(`POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\n\r\nhe`, 2_000), /^HTTP\/1\.1 408 [\s\S]*connection: close/);
  assert.equal(await trial.raw("", 2_000), "");
});

test("a head that grows for ever drop by drop ends at its time, not at its last byte", async (t) => {
  const trial = await startTrial(t, { headerMs: 300 });
  trial.publish({});
  const started = performance.now();
  const text = await new Promise<string>((resolve) => {
    let all = "";
    const socket = net.connect(trial.http, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\n");
    const drops = setInterval(() => socket.write("X: y\r\n"), 50);
    socket.on("data", (chunk) => {
      all += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(drops);
      resolve(all);
    });
    socket.on("end", () => clearInterval(drops));
    socket.on("end", () => socket.end());
  });
  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.ok(performance.now() - started < 2_000);
});

test("a head over its limit: 431, whole or in pieces", async (t) => {
  const trial = await startTrial(t, { headerBytes: 2_000 });
  trial.publish({});
  assert.match(await trial.raw(get(`X: ${"y".repeat(3_000)}\r\n`)), /^HTTP\/1\.1 431 /);
  assert.match(await trial.raw(`GET / HTTP/1.1\r\nHost: app.localhost\r\nX: ${"y".repeat(3_000)}`), /^HTTP\/1\.1 431 /);
});

test("an address over the limit of a head: 414, whole or in pieces", async (t) => {
  const trial = await startTrial(t, { headerBytes: 2_000 });
  trial.publish({});
  assert.match(await trial.raw(`GET /${"y".repeat(3_000)} HTTP/1.1\r\nHost: app.localhost\r\n\r\n`), /^HTTP\/1\.1 414 URI Too Long\r\n/);
  assert.match(await trial.raw(`GET /${"y".repeat(3_000)}`), /^HTTP\/1\.1 414 /);
});

test("an idle connection is closed without a word", async (t) => {
  const trial = await startTrial(t, { idleMs: 300 });
  trial.publish({});
  const text = await trial.raw(get(), 3_000);
  assert.equal(text.match(/HTTP\/1\.1/g)?.length, 1);
  assert.match(text, /^HTTP\/1\.1 404 /);
});

test("an answer that breaks off is never a whole one", async (t) => {
  const trial = await startTrial(t);
  const wires: Record<string, string> = {
    length: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
    chunked: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
  };
  for (const [name, wire] of Object.entries(wires)) {
    const address = await startRawApp(t, (socket) => socket.on("data", () => socket.end(wire)));
    trial.publish({ "app.localhost": [{ app: name, addresses: [address] }] });
    await assert.rejects(ask(trial.http, "app.localhost"), { code: "ECONNRESET" }, name);
  }
});

test("a reset is not the end of an answer that lasts until the end of the connection", async (t) => {
  const trial = await startTrial(t);
  const address = await startRawApp(t, (socket) =>
    socket.on("data", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\nhello");
      setTimeout(() => socket.resetAndDestroy(), 50);
    }),
  );
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  await assert.rejects(ask(trial.http, "app.localhost"), { code: "ECONNRESET" });
  const old = await new Promise<string>((resolve) => {
    const socket = net.connect(trial.http, "127.0.0.1", () => socket.write("GET / HTTP/1.0\r\nHost: app.localhost\r\n\r\n"));
    socket.resume();
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    socket.on("end", () => resolve("clean end"));
  });
  assert.equal(old, "ECONNRESET");
});

test("a client that goes away takes its request with it", async (t) => {
  const trial = await startTrial(t);
  let seen = 0;
  let aborted = 0;
  const app = await startApp(t, (request, response) => {
    seen += 1;
    request.on("close", () => {
      if (!response.writableFinished) aborted += 1;
    });
    if (request.url === "/stream") response.write("first");
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  for (const [index, path] of ["/silent", "/stream"].entries()) {
    const socket = net.connect(trial.http, "127.0.0.1", () => socket.write(get().replace("/", path)));
    await until(() => seen === index + 1, "the request");
    assert.equal(trial.edge.inFlight("dep_app00000000000000000000000"), 1);
    socket.destroy();
    await until(() => trial.edge.inFlight("dep_app00000000000000000000000") === 0, "its end");
  }
  await until(() => aborted === 2, "the app to notice");
  assert.match(trial.logs.lines[0]?.text ?? "", /^GET \/silent 499 /);
});

test("a kept connection that the app has closed is replaced without the client noticing", async (t) => {
  const trial = await startTrial(t);
  let requests = 0;
  const address = await startRawApp(t, (socket) =>
    socket.on("data", () => {
      requests += 1;
      // The first request of a connection is answered, the second meets a closed door.
      if (requests % 2 === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      else socket.resetAndDestroy();
    }),
  );
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  assert.equal((await ask(trial.http, "app.localhost")).status, 200);
  assert.equal((await ask(trial.http, "app.localhost")).status, 200);
  assert.equal(requests, 3);
});

test("a request that may have had its effect is not sent twice", async (t) => {
  const trial = await startTrial(t);
  let posts = 0;
  const address = await startRawApp(t, (socket) =>
    socket.on("data", (chunk) => {
      if (!String(chunk).startsWith("POST")) return void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      posts += 1;
      socket.resetAndDestroy();
    }),
  );
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  await ask(trial.http, "app.localhost");
  assert.equal((await ask(trial.http, "app.localhost", { method: "POST", body: "x" })).status, 502);
  assert.equal(posts, 1);
});

/** The first `count` values, in the order in which they come. */
const firstOf = <T>(promises: readonly Promise<T>[], count: number): Promise<T[]> =>
  new Promise((resolve, reject) => {
    const values: T[] = [];
    for (const promise of promises) promise.then((value) => values.push(value) === count && resolve([...values]), reject);
  });

test("connections to an instance are bounded; beyond them requests wait, beyond that they are told to come again", async (t) => {
  const trial = await startTrial(t, { upstreamConnections: 2, upstreamQueue: 3, upstreamPercent: 100 });
  let open = 0;
  let most = 0;
  const waiting: http.ServerResponse[] = [];
  const app = await startApp(t, (_, response) => waiting.push(response));
  app.server.on("connection", (socket) => {
    open += 1;
    most = Math.max(most, open);
    socket.on("close", () => (open -= 1));
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const answers = Array.from({ length: 8 }, () => ask(trial.http, "app.localhost"));
  // Nothing answers yet, so whoever is answered is refused. Only when all have come is one let through.
  const refusals = await firstOf(answers, 3);
  for (const { status, headers } of refusals) assert.deepEqual([status, headers["retry-after"]], [503, "1"]);
  const timer = setInterval(() => waiting.shift()?.end("ok"), 5);
  const all = await Promise.all(answers);
  clearInterval(timer);
  assert.deepEqual(all.map((answer) => answer.status).sort(), [200, 200, 200, 200, 200, 503, 503, 503]);
  assert.equal(most, 2);
});

test("an answer before the end of the request goes through, and the connection ends after it", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.writeHead(413, { "content-length": 3, connection: "close" }).end("no!"));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const wire = `POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(1_000)}`;
  assert.match(await trial.raw(wire, 2_500), /^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*\r\n\r\nno!$/);
});

test("the end of the process: what is under way is finished, nothing new is taken", async (t) => {
  const trial = await startTrial(t, { drainMs: 2_000 });
  const app = await startApp(t, (_, response) => setTimeout(() => response.end("done"), 200));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const agent = new http.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const running = ask(trial.http, "app.localhost", { agent });
  await until(() => trial.edge.inFlight("dep_app00000000000000000000000") === 1, "the request");
  const started = performance.now();
  const ended = trial.edge.end();
  const answer = await running;
  assert.deepEqual([answer.body, answer.headers.connection], ["done", "close"]);
  await ended;
  assert.ok(performance.now() - started < 1_500);
  await assert.rejects(ask(trial.http, "app.localhost"), { code: "ECONNREFUSED" });
});

test("a client that asks and never reads does not fill the memory", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.end("x".repeat(10_000)));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const socket = net.connect(trial.http, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.pause();
  socket.write(get().repeat(5_000));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const { requests } = trial.edge.status();
  // The kernel's buffers take some megabytes; the other answers are not asked for.
  assert.ok(requests > 0 && requests < 4_000, `${requests} requests were served`);
});

test("an app that answers before the end of a request, and closes, is heard", async (t) => {
  const trial = await startTrial(t);
  const address = await startRawApp(t, (socket) =>
    socket.once("data", () => {
      socket.end("HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 9\r\n\r\ntoo large");
      setImmediate(() => socket.destroy());
    }),
  );
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  const upload = (gapMs: number): Promise<string> =>
    new Promise((resolve) => {
      let text = "";
      const socket = net.connect(trial.http, "127.0.0.1", async () => {
        socket.write("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 400000\r\n\r\n");
        for (let part = 0; part < 4 && !socket.destroyed; part += 1) {
          await new Promise((done) => setTimeout(done, gapMs));
          socket.write(Buffer.alloc(100_000));
        }
      });
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        // Where all of the request came in time, the edge keeps the connection for another.
        if (text.endsWith("too large")) socket.destroy();
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(text));
    });
  const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => upload(index % 6)));
  assert.deepEqual([...new Set(answers.map((text) => text.split("\r\n")[0]))], ["HTTP/1.1 413 Content Too Large"]);
});
