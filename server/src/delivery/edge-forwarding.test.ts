import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ask, deploymentId, proofKey, startApp, startRawApp, startTrial, until } from "./edge-trial.ts";

/** Answers with what it was asked, as JSON. */
const mirror: http.RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString("latin1") }));
  });
};

test("a request reaches the app with what the edge knows of it, and nothing that a stranger said of himself", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, mirror);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const spoofed = { "x-forwarded-for": "6.6.6.6", forwarded: "for=6.6.6.6", "x-forwarded-proto": "https", "slip-tenant": "x", "x-custom": "kept" };
  const answer = await ask(trial.http, "app.localhost", { path: "/a?b=c", headers: spoofed });
  const seen = JSON.parse(answer.body);
  assert.equal(seen.url, "/a?b=c");
  assert.equal(seen.headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(seen.headers["x-forwarded-proto"], "http");
  assert.equal(seen.headers["x-forwarded-host"], "app.localhost");
  assert.equal(seen.headers.forwarded, 'for=127.0.0.1;host="app.localhost";proto=http');
  assert.equal(seen.headers.via, "1.1 slipstream");
  assert.equal(seen.headers["slip-tenant"], undefined);
  assert.equal(seen.headers["x-custom"], "kept");
  assert.match(seen.headers["x-request-id"], /^[\w.-]{8,}$/);
  assert.equal(answer.headers["x-request-id"], seen.headers["x-request-id"]);
});

test("bodies arrive whole with each framing and method", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, mirror);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "QUERY"]) {
    for (const size of [0, 1, 5_000, 300_000]) {
      const body = "0123456789".repeat(size / 10 + 1).slice(0, size);
      const lengths = await ask(trial.http, "app.localhost", { method, body, headers: { "content-length": size } });
      assert.equal(JSON.parse(lengths.body).body.length, size, `${method} ${size} by length`);
      const chunks = await ask(trial.http, "app.localhost", { method, body, headers: { "transfer-encoding": "chunked" } });
      assert.equal(JSON.parse(chunks.body).body, body, `${method} ${size} in chunks`);
    }
  }
});

test("one connection carries many requests, and the app's connection is used again", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, mirror);
  let connections = 0;
  app.server.on("connection", () => {
    connections += 1;
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (let count = 0; count < 20; count += 1) assert.equal((await ask(trial.http, "app.localhost", { agent })).status, 200);
  assert.equal(connections, 1);
  assert.equal(trial.edge.status().connections, 1);
});

test("a pipeline is answered in its order", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (request, response) => setTimeout(() => response.end(request.url), request.url === "/1" ? 60 : 0));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const one = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: app.localhost\r\n\r\n`;
  const post = "POST /3 HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\n\r\nhello";
  const unknown = "GET /u HTTP/1.1\r\nHost: unknown.localhost\r\n\r\n";
  const text = await trial.raw(one("/1") + one("/2") + post + unknown + one("/4").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
  assert.deepEqual(
    [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => found[1]),
    ["200", "200", "200", "404", "200"],
  );
  assert.deepEqual(
    [...text.matchAll(/\r\n\r\n(?:\d\r\n)?(\/\d)/g)].map((found) => found[1]),
    ["/1", "/2", "/3", "/4"],
  );
});

test("a head may come byte by byte", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, mirror);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const wire = "POST /x HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  const text = await new Promise<string>((resolve) => {
    let all = "";
    const socket = net.connect(trial.http, "127.0.0.1", async () => {
      socket.setNoDelay(true);
      for (const byte of wire) {
        socket.write(byte);
        await new Promise((next) => setImmediate(next));
      }
    });
    socket.on("data", (chunk) => {
      all += chunk;
    });
    socket.on("close", () => resolve(all));
  });
  assert.match(text, /"body":"abc"/);
});

test("HEAD, 204 and 304 have no body, whatever the app says of one", async (t) => {
  const trial = await startTrial(t);
  const address = await startRawApp(t, (socket) =>
    socket.on("data", (chunk) => {
      const status = String(chunk).includes("/204") ? "204 No Content" : String(chunk).includes("/304") ? "304 Not Modified" : "200 OK";
      socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\n`);
    }),
  );
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  const head = await ask(trial.http, "app.localhost", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-length"], head.body], [200, "5", ""]);
  const none = await ask(trial.http, "app.localhost", { path: "/204" });
  assert.deepEqual([none.status, none.headers["content-length"]], [204, undefined]);
  assert.equal((await ask(trial.http, "app.localhost", { path: "/304" })).status, 304);
});

test("an answer that lasts until the connection ends is whole, also for an old client", async (t) => {
  const trial = await startTrial(t);
  const address = await startRawApp(t, (socket) => socket.on("data", () => socket.end("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello")));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  const answer = await ask(trial.http, "app.localhost");
  assert.deepEqual([answer.body, answer.headers["transfer-encoding"]], ["hello", "chunked"]);
  const old = await trial.raw("GET / HTTP/1.0\r\nHost: app.localhost\r\n\r\n");
  assert.match(old, /connection: close\r\n\r\nhello$/);
  assert.doesNotMatch(old, /transfer-encoding/);
});

test("chunks of the app are opened for a client of HTTP/1.0", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => {
    response.write("he");
    response.end("llo");
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  assert.match(await trial.raw("GET / HTTP/1.0\r\nHost: app.localhost\r\n\r\n"), /\r\n\r\nhello$/);
});

test("Expect: 100-continue is answered by the app, before the body is sent", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, mirror);
  app.server.on("checkContinue", (request, response) => {
    if (request.url === "/no") return void response.writeHead(417, { connection: "close" }).end();
    response.writeContinue();
    mirror(request, response);
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const send = (path: string): Promise<{ continued: boolean; status: number; text: string }> =>
    new Promise((resolve, reject) => {
      let continued = false;
      const headers = { host: "app.localhost", expect: "100-continue", "content-length": 5 };
      const request = http.request({ port: trial.http, host: "127.0.0.1", method: "POST", path, agent: false, headers }, (answer) => {
        let text = "";
        answer.on("data", (chunk) => {
          text += chunk;
        });
        answer.on("end", () => resolve({ continued, status: answer.statusCode ?? 0, text }));
      });
      request.on("continue", () => {
        continued = true;
        request.end("hello");
      });
      request.on("error", reject);
      request.flushHeaders();
    });
  const yes = await send("/yes");
  assert.deepEqual([yes.continued, yes.status], [true, 200]);
  assert.match(yes.text, /"body":"hello"/);
  assert.deepEqual(await send("/no"), { continued: false, status: 417, text: "" });
});

test("early hints go through", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.writeEarlyHints({ link: "</a.css>; rel=preload" }, () => response.end("ok")));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const text = await trial.raw("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n");
  assert.match(text, /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK/i);
});

test("routes: the longest path wins, by host without case and port; what is unknown has a page", async (t) => {
  const trial = await startTrial(t);
  const one = await startApp(t, (_, response) => response.end("one"));
  const two = await startApp(t, (_, response) => response.end("two"));
  trial.publish({
    "app.localhost": [
      { app: "one", addresses: [one.address] },
      { app: "two", path: "/api", addresses: [two.address] },
    ],
    "api.localhost": [{ app: "two", path: "/api", addresses: [two.address] }],
    "none.localhost": [{ app: "none", addresses: [] }],
  });
  const body = async (host: string, path: string): Promise<string> => (await ask(trial.http, host, { path })).body;
  assert.deepEqual(await Promise.all([body("APP.localhost:1234", "/"), body("app.localhost.", "/apis"), body("app.localhost", "/api/x")]), [
    "one",
    "one",
    "two",
  ]);
  assert.equal((await ask(trial.http, "api.localhost")).status, 404);
  const missing = await ask(trial.http, "unknown.localhost", { headers: { accept: "text/html" } });
  assert.deepEqual([missing.status, missing.headers["cache-control"]], [404, "no-store"]);
  assert.match(missing.body, new RegExp(`^<!doctype html>(?:.|\\n)*Request ${missing.headers["x-request-id"]}`));
  const empty = await ask(trial.http, "none.localhost", { headers: { accept: "application/json" } });
  assert.deepEqual([empty.status, empty.headers["retry-after"], JSON.parse(empty.body).status], [503, "1", 503]);
});

test("plain HTTP leads to HTTPS, but for names of this machine", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.end("ok"));
  trial.publish({ "app.example.org": [{ app: "app", addresses: [app.address] }] });
  const answer = await ask(trial.http, "app.example.org:8080", { path: "/a?b", method: "POST", body: "x" });
  assert.deepEqual([answer.status, answer.headers.location], [308, "https://app.example.org:8443/a?b"]);
});

test("who has the key is told which release answered; who has not is told nothing", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.setHeader("slip-deployment", "forged").end("ok"));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }], "app.example.org": [{ app: "app", addresses: [app.address] }] });
  const proven = await ask(trial.http, "app.localhost", { headers: { "slip-prove": proofKey } });
  assert.deepEqual([proven.headers["slip-deployment"], proven.headers["slip-artifact"]], [deploymentId("app"), `sha256:${"a".repeat(64)}`]);
  assert.equal((await ask(trial.http, "app.example.org", { headers: { "slip-prove": proofKey } })).status, 200);
  for (const headers of [{}, { "slip-prove": `${proofKey.slice(0, -1)}x` }]) {
    const plain = await ask(trial.http, "app.localhost", { headers });
    assert.deepEqual([plain.headers["slip-deployment"], plain.headers["slip-artifact"]], [undefined, undefined]);
  }
});

test("the platform's own host reaches the control socket, and says so when it is down", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "edge-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, "control.sock");
  const trial = await startTrial(t, {}, socketPath);
  trial.publish({});
  assert.equal((await ask(trial.http, "slip.localhost")).status, 503);
  const control = http.createServer((_, response) => response.end("control"));
  t.after(() => control.close());
  await new Promise<void>((resolve) => control.listen(socketPath, resolve));
  assert.equal((await ask(trial.http, "slip.localhost:8080")).body, "control");
  control.closeAllConnections();
});

test("the platform's own host has longer for an answer than an app has, but no longer for a request", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "edge-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, "control.sock");
  const trial = await startTrial(t, { responseMs: 300, platformMs: 1_500 }, socketPath);
  trial.publish({});
  const control = http.createServer((request, response) => request.url !== "/never" && setTimeout(() => response.end("late"), 800));
  t.after(() => {
    control.close();
    control.closeAllConnections();
  });
  await new Promise<void>((resolve) => control.listen(socketPath, resolve));
  assert.equal((await ask(trial.http, "slip.localhost", { method: "POST", body: "{}" })).body, "late");
  assert.equal((await ask(trial.http, "slip.localhost", { path: "/never" })).status, 504);
  const slow = await trial.raw("POST / HTTP/1.1\r\nHost: slip.localhost\r\nContent-Length: 5\r\n\r\nhe", 1_000);
  assert.match(slow, /^HTTP\/1\.1 408 /);
});

test("each request to an app leaves one line with its tags", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.end("hello"));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  await ask(trial.http, "app.localhost", { path: "/x?y", headers: { "x-request-id": "mine" } });
  await until(() => trial.logs.lines.length === 1, "the line");
  const [line] = trial.logs.lines;
  assert.match(line?.text ?? "", /^GET \/x\?y 200 \d+\.\d ms 5 bytes mine 127\.0\.0\.1$/);
  assert.deepEqual([line?.source, line?.tenant, line?.app, line?.deployment], ["edge", "tenant", "app", deploymentId("app")]);
});

test("without any table every request is told to wait", async (t) => {
  const trial = await startTrial(t);
  assert.equal((await ask(trial.http, "app.localhost")).status, 503);
});
