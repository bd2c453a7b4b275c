import assert from "node:assert/strict";
import { once } from "node:events";
import http2, { constants } from "node:http2";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import tls from "node:tls";
import { type EdgeTrial, makeCertificate, startApp, startRawApp, startTrial, until } from "./edge-trial.ts";

const host = "app.slip.localhost";

const connect = async (t: TestContext, trial: EdgeTrial, settings: http2.Settings = {}): Promise<http2.ClientHttp2Session> => {
  const options = { host: "127.0.0.1", port: trial.https, servername: host, rejectUnauthorized: false, maxSessionMemory: 1_000, settings };
  const session = http2.connect(`https://${host}`, options as http2.SecureClientSessionOptions);
  session.on("error", () => {});
  t.after(() => session.destroy());
  await once(session, "connect");
  return session;
};

interface Got {
  headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
  interims: number[];
  body: string;
}

const ask = (session: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders = {}, body?: string | Buffer): Promise<Got> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ":path": "/", ":authority": host, ...headers }, { endStream: body === undefined });
    const got: Partial<Got> = { interims: [] };
    const chunks: Buffer[] = [];
    stream.on("headers", (interim) => got.interims?.push(Number(interim[":status"])));
    stream.on("response", (answer) => (got.headers = answer));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => {
      if (stream.rstCode !== 0 || !got.headers) reject(new Error(`reset with ${stream.rstCode}`));
      else resolve({ ...got, body: Buffer.concat(chunks).toString() } as Got);
    });
    if (body !== undefined) stream.end(body);
  });

const world = async (t: TestContext, address: string, limits: Parameters<typeof startTrial>[1] = {}): Promise<EdgeTrial> => {
  const trial = await startTrial(t, limits);
  trial.certificates["*.slip.localhost"] = await makeCertificate("*.slip.localhost");
  trial.publish({ [host]: [{ app: "app", addresses: [address] }] });
  return trial;
};

test("a request reaches the app as one of HTTP/1.1, and its answer comes back", async (t) => {
  const app = await startApp(t, (request, response) => {
    response.writeEarlyHints({ link: "</a.css>; rel=preload" });
    response.setHeader("set-cookie", ["a=1, 2", "b=2"]);
    response.setHeader("x-list", ["one", "two"]);
    response.statusCode = 203;
    response.end(JSON.stringify({ method: request.method, url: request.url, version: request.httpVersion, headers: request.headers }));
  });
  const session = await connect(t, await world(t, app.address));
  const { headers, interims, body } = await ask(session, { ":path": "/where?it=is", cookie: ["x=1", "y=2"], "x-forwarded-for": "6.6.6.6" });
  const seen = JSON.parse(body) as { headers: Record<string, string> };
  assert.partialDeepStrictEqual(seen, { method: "GET", url: "/where?it=is", version: "1.1" });
  assert.partialDeepStrictEqual(seen.headers, { host, cookie: "x=1; y=2", "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https" });
  assert.deepEqual([headers[":status"], headers["set-cookie"], headers["x-list"], interims], [203, ["a=1, 2", "b=2"], "one, two", [103]]);
  assert.equal(headers.connection, undefined);
  assert.ok(headers["x-request-id"] && headers.date);
});

test("bodies of any size go both ways, with a length and without, many at the same time", async (t) => {
  const app = await startApp(t, (request, response) => request.pipe(response));
  const session = await connect(t, await world(t, app.address));
  const bodies = Array.from({ length: 40 }, (_, index) => Buffer.alloc(index * 31_337, `${index} `));
  const answers = await Promise.all(
    bodies.map((body, index) => ask(session, { ":method": "POST", ...(index % 2 === 0 ? { "content-length": body.length } : {}) }, body)),
  );
  for (const [index, { body }] of answers.entries()) assert.ok(body === bodies[index]?.toString(), `body ${index}`);
});

test("answers without a body have none", async (t) => {
  const app = await startApp(t, (request, response) => {
    if (request.url === "/none") response.writeHead(204).end();
    else response.writeHead(200, { "content-length": 4 }).end("body");
  });
  const session = await connect(t, await world(t, app.address));
  assert.partialDeepStrictEqual(await ask(session, { ":method": "HEAD" }), { body: "", headers: { ":status": 200, "content-length": "4" } });
  assert.partialDeepStrictEqual(await ask(session, { ":path": "/none" }), { body: "", headers: { ":status": 204 } });
});

test("each part of an answer comes when the app sends it", async (t) => {
  const parts = Promise.withResolvers<(text: string) => void>();
  const app = await startApp(t, (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    parts.resolve((text) => void response.write(text));
  });
  const session = await connect(t, await world(t, app.address));
  const stream = session.request({ ":path": "/events", ":authority": host });
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk));
  const send = await parts.promise;
  send("data: one\n\n");
  await until(() => text === "data: one\n\n", "the first event");
  send("data: two\n\n");
  await until(() => text.endsWith("data: two\n\n"), "the second event");
  stream.close();
});

test("a client that goes away ends the request at the app", async (t) => {
  let isGone = false;
  const app = await startApp(t, (_, response) => {
    response.write("begun");
    response.on("close", () => (isGone = true));
  });
  const session = await connect(t, await world(t, app.address));
  const stream = session.request({ ":path": "/", ":authority": host });
  stream.on("error", () => {});
  await once(stream, "data");
  stream.close(constants.NGHTTP2_CANCEL);
  await until(() => isGone, "the end of the request");
  assert.equal((await connect(t, await world(t, app.address))).closed, false);
});

test("an answer that breaks off is reset, not ended", async (t) => {
  const address = await startRawApp(t, (socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
      setTimeout(() => socket.destroy(), 50);
    });
  });
  const session = await connect(t, await world(t, address));
  await assert.rejects(ask(session), /INTERNAL_ERROR/);
});

test("an answer of unknown length that breaks off is reset, not ended", async (t) => {
  const address = await startRawApp(t, (socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n");
      setTimeout(() => socket.destroy(), 50);
    });
  });
  const session = await connect(t, await world(t, address));
  await assert.rejects(ask(session), /INTERNAL_ERROR/);
});

test("pages of the edge come in HTTP/2 too", async (t) => {
  const session = await connect(t, await world(t, "127.0.0.1:1"));
  assert.equal((await ask(session)).headers[":status"], 503);
  assert.equal((await ask(session, { ":authority": "nobody.slip.localhost" })).headers[":status"], 404);
  assert.equal((await ask(session, { "x-long": "x".repeat(60_000) }).catch(() => undefined))?.headers[":status"] ?? 431, 431);
});

test("a Host that is not the authority is refused, and the connection goes on", async (t) => {
  const app = await startApp(t, (_, response) => response.end("served"));
  const session = await connect(t, await world(t, app.address));
  await assert.rejects(ask(session, { host: "other.slip.localhost" }));
  assert.equal((await ask(session)).body, "served");
});

test("an answer before the end of the request is whole, and what is left of the request is not read", async (t) => {
  const app = await startApp(t, (_, response) => {
    response.statusCode = 413;
    response.end("too large");
  });
  const session = await connect(t, await world(t, app.address));
  const stream = session.request({ ":method": "POST", ":path": "/", ":authority": host });
  let text = "";
  stream.on("error", () => {});
  stream.on("data", (chunk: Buffer) => (text += chunk));
  stream.write(Buffer.alloc(100));
  await until(() => text === "too large", "the answer");
  stream.close();
  assert.equal((await ask(session)).headers[":status"], 413);
});

test("an edge that ends finishes what is under way, and takes nothing more", async (t) => {
  const release = Promise.withResolvers<void>();
  const app = await startApp(t, (_, response) => void release.promise.then(() => response.end("finished")));
  const trial = await world(t, app.address, { drainMs: 5_000 });
  const session = await connect(t, trial);
  const asked = ask(session);
  await pause(100);
  const ended = trial.edge.end();
  await once(session, "goaway");
  release.resolve();
  assert.equal((await asked).body, "finished");
  await ended;
});

test("who begins streams only to reset them is cut off", async (t) => {
  const app = await startApp(t, (_, response) => void setTimeout(() => response.end(), 50));
  const trial = await world(t, app.address);
  const session = await connect(t, trial);
  for (let round = 0; round < 100 && !session.destroyed; round += 1) {
    for (let index = 0; index < 20 && !session.destroyed && !session.closed; index += 1) {
      const stream = session.request({ ":path": "/", ":authority": host });
      stream.on("error", () => {});
      stream.close(constants.NGHTTP2_CANCEL);
    }
    await pause(5);
  }
  assert.ok(session.destroyed || session.closed, "the connection was ended");
  assert.equal((await ask(await connect(t, trial))).headers[":status"], 200);
});

test("an answer that the client does not take is not kept for longer than a connection that nobody uses", async (t) => {
  const app = await startApp(t, (_, response) => response.end("x".repeat(30_000)));
  const trial = await world(t, app.address, { idleMs: 300 });
  const session = await connect(t, trial, { initialWindowSize: 0 });
  const streams = Array.from({ length: 10 }, () => session.request({ ":path": "/", ":authority": host }).on("error", () => {}));
  await until(() => streams.every(({ rstCode, closed }) => closed && rstCode === constants.NGHTTP2_INTERNAL_ERROR), "the reset of every answer");
});

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");
const ping = Buffer.from("\0\0\x08\x06\0\0\0\0\0pingpong", "latin1");

test("a connection without requests ends, whatever its client sends and leaves open", async (t) => {
  const trial = await world(t, "127.0.0.1:1", { headerMs: 500 });
  const socket = tls.connect({
    port: trial.https,
    host: "127.0.0.1",
    ALPNProtocols: ["h2"],
    rejectUnauthorized: false,
    allowHalfOpen: true,
  } as tls.ConnectionOptions);
  socket.on("error", () => {}).resume();
  t.after(() => socket.destroy());
  socket.write(preface);
  const pings = setInterval(() => socket.write(ping), 100);
  t.after(() => clearInterval(pings));
  await until(() => trial.edge.sockets === 1, "the connection");
  await until(() => trial.edge.sockets === 0, "its end");
});
