// Apps that speak HTTP/2 alone, as servers of gRPC do, and what only they need: trailers, and bodies both ways at the same time.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2, { type ServerHttp2Stream } from "node:http2";
import net, { type AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { ask, type EdgeTrial, makeCertificate, startApp, startTrial, until } from "./edge-trial.ts";

const host = "app.slip.localhost";

const world = async (t: TestContext, port: number, limits: Parameters<typeof startTrial>[1] = {}): Promise<EdgeTrial> => {
  const trial = await startTrial(t, limits);
  trial.certificates["*.slip.localhost"] = await makeCertificate("*.slip.localhost");
  trial.publish({ [host]: [{ app: "app", addresses: [`127.0.0.1:${port}`], http2: true }] });
  return trial;
};

// ── gRPC ────────────────────────────────────────────────────────────────────

const text = { serialize: (value: string) => Buffer.from(value), deserialize: (bytes: Buffer) => bytes.toString() };
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: text.serialize,
  requestDeserialize: text.deserialize,
  responseSerialize: text.serialize,
  responseDeserialize: text.deserialize,
});
const service = { say: method("/test.Echo/Say", false, false), count: method("/test.Echo/Count", false, true), talk: method("/test.Echo/Talk", true, true) };

const implementation: grpc.UntypedServiceImplementation = {
  say(call: grpc.ServerUnaryCall<string, string>, done: grpc.sendUnaryData<string>) {
    const trailer = new grpc.Metadata();
    trailer.add("x-end", "one");
    trailer.add("x-end", "two");
    if (call.request === "fail") done({ code: grpc.status.FAILED_PRECONDITION, details: "not ünow", metadata: trailer });
    else done(null, `${call.request} for ${call.metadata.get("x-who")[0]}`, trailer);
  },
  count(call: grpc.ServerWritableStream<string, string>) {
    for (let index = 0; index < Number(call.request); index += 1) call.write(`${index}`);
    call.end();
  },
  talk(call: grpc.ServerDuplexStream<string, string>) {
    call.on("data", (word: string) => call.write(word.toUpperCase()));
    call.on("end", () => call.end());
  },
};

const startService = (t: TestContext): Promise<number> => {
  const server = new grpc.Server();
  server.addService(service, implementation);
  t.after(() => server.forceShutdown());
  return new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );
};

interface Echo extends grpc.Client {
  say(word: string, metadata: grpc.Metadata, done: (error: grpc.ServiceError | null, answer?: string) => void): grpc.ClientUnaryCall;
  count(to: string): grpc.ClientReadableStream<string>;
  talk(): grpc.ClientDuplexStream<string, string>;
}

const clientOf = (t: TestContext, { https, certificates }: EdgeTrial): Echo => {
  const Client = grpc.makeGenericClientConstructor(service, "Echo");
  const authority = Buffer.from(certificates["*.slip.localhost"]?.certificate ?? "");
  const options = { "grpc.ssl_target_name_override": host, "grpc.default_authority": host };
  const client = new Client(`127.0.0.1:${https}`, grpc.credentials.createSsl(authority), options) as unknown as Echo;
  t.after(() => client.close());
  return client;
};

interface Said {
  answer: string | undefined;
  error: grpc.ServiceError | null;
  ends: grpc.MetadataValue[];
}

const say = (client: Echo, word: string): Promise<Said> =>
  new Promise((resolve) => {
    const metadata = new grpc.Metadata();
    metadata.set("x-who", "you");
    let said: Pick<Said, "answer" | "error"> | undefined;
    const call = client.say(word, metadata, (error, answer) => {
      said = { answer, error };
    });
    call.on("status", (status: grpc.StatusObject) => setImmediate(() => said && resolve({ ...said, ends: status.metadata.get("x-end") })));
  });

test("a call of gRPC is answered, and what comes after the answer too", async (t) => {
  const client = clientOf(t, await world(t, await startService(t)));
  assert.deepEqual(await say(client, "hello"), { answer: "hello for you", error: null, ends: ["one, two"] });
  const { error, ends } = await say(client, "fail");
  assert.deepEqual([error?.code, error?.details, ends], [grpc.status.FAILED_PRECONDITION, "not ünow", ["one, two"]]);
  const many = await Promise.all(Array.from({ length: 60 }, (_, index) => say(client, `${index}`)));
  assert.deepEqual(
    many.map(({ answer }) => answer),
    many.map((_, index) => `${index} for you`),
  );
});

test("both sides of a call of gRPC go on at the same time, and each word comes when it was said", async (t) => {
  const client = clientOf(t, await world(t, await startService(t)));
  const call = client.talk();
  const heard: string[] = [];
  call.on("data", (word: string) => heard.push(word));
  for (const word of ["one", "two", "three"]) {
    call.write(word);
    await until(() => heard.at(-1) === word.toUpperCase(), word);
  }
  call.end();
  const [status] = (await once(call, "status")) as [grpc.StatusObject];
  assert.equal(status.code, grpc.status.OK);
  const counted: string[] = [];
  for await (const each of client.count("20000")) counted.push(each as string);
  assert.equal(counted.length, 20_000);
});

test("a call of gRPC that the edge cannot pass on is told to be unavailable", async (t) => {
  const app = await startApp(t, (_, response) => response.end("HTTP/1.1 alone"));
  const client = clientOf(t, await world(t, (app.server.address() as AddressInfo).port));
  assert.equal((await say(client, "hello")).error?.code, grpc.status.UNAVAILABLE);
});

// ── HTTP/2 to apps ──────────────────────────────────────────────────────────

const startHttp2App = async (t: TestContext, handle: (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => unknown) => {
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => {});
    handle(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  return { port: (server.address() as AddressInfo).port, sessions };
};

test("a client of HTTP/1.1 is served by an app of HTTP/2, over one connection", async (t) => {
  const { port, sessions } = await startHttp2App(t, (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      stream.respond({ ":status": 201, "set-cookie": ["a=1, 2", "b=2"], "content-type": "text/plain" });
      stream.end(JSON.stringify({ ...headers, length: Buffer.concat(chunks).length }));
    });
  });
  const trial = await world(t, port);
  const body = Buffer.alloc(1_000_000, "x");
  const answers = await Promise.all([
    ask(trial.http, host, { method: "POST", path: "/a?b", body, headers: { connection: "keep-alive, x-hop", "x-hop": "1" } }),
    ...Array.from({ length: 20 }, () => ask(trial.http, host)),
  ]);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
  const [first] = answers;
  assert.deepEqual(first?.headers["set-cookie"], ["a=1, 2", "b=2"]);
  const seen = JSON.parse(first?.body ?? "") as Record<string, string | undefined>;
  assert.deepEqual([seen[":method"], seen[":path"], seen[":authority"], seen.length, seen["x-hop"]], ["POST", "/a?b", host, 1_000_000, undefined]);
  assert.equal(seen["x-forwarded-for"], "127.0.0.1");
  assert.equal(sessions.size, 1);
});

test("trailers go to who asks for them, and those that belong into a head do not", async (t) => {
  const app = await startApp(t, (_, response) => {
    response.writeHead(200, { trailer: "x-sum", "transfer-encoding": "chunked" });
    response.write("body");
    response.addTrailers({ "x-sum": "7", "set-cookie": "a=1", "slip-deployment": "no" });
    response.end();
  });
  const trial = await startTrial(t);
  trial.publish({ [host]: [{ app: "app", addresses: [app.address] }] });
  assert.deepEqual((await ask(trial.http, host, { headers: { te: "trailers" } })).trailers, { "x-sum": "7" });
  assert.deepEqual((await ask(trial.http, host)).trailers, {});
});

test("an app of HTTP/2 that breaks off breaks the answer, and one that goes away is connected to anew", async (t) => {
  const { port, sessions } = await startHttp2App(t, (stream, headers) => {
    if (headers[":path"] === "/none") return stream.respond({ ":status": 204 }, { endStream: true });
    if (headers[":path"] === "/refused") return stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    stream.respond({ ":status": 200 });
    stream.write("half");
    if (headers[":path"] === "/broken") setTimeout(() => stream.destroy(new Error("broken")), 20);
    else stream.end();
  });
  const trial = await world(t, port);
  await assert.rejects(ask(trial.http, host, { path: "/broken" }));
  assert.equal((await ask(trial.http, host)).body, "half");
  assert.deepEqual(
    [(await ask(trial.http, host, { path: "/none" })).status, (await ask(trial.http, host, { path: "/none", method: "HEAD" })).status],
    [204, 204],
  );
  assert.equal((await ask(trial.http, host, { path: "/refused" })).status, 502);
  for (const session of sessions) session.close();
  assert.equal((await ask(trial.http, host)).body, "half");
  for (const session of sessions) session.destroy();
  assert.equal((await ask(trial.http, host)).body, "half");
  assert.equal(trial.edge.loadOf(`http2://127.0.0.1:${port}`), 0);
});

test("an app of HTTP/2 is read no faster than its client reads, and hears when the client goes", async (t) => {
  let sent = 0;
  let isClosed = false;
  const { port } = await startHttp2App(t, (stream) => {
    stream.respond({ ":status": 200 });
    const more = (): void => {
      for (sent += 65_536; stream.write(Buffer.alloc(65_536)) && !stream.destroyed; ) sent += 65_536;
    };
    stream.on("drain", more);
    stream.on("close", () => (isClosed = true));
    more();
  });
  const trial = await world(t, port);
  const request = http.get({ host: "127.0.0.1", port: trial.http, agent: false, headers: { host } });
  const [answer] = (await once(request, "response")) as [http.IncomingMessage];
  answer.pause();
  let before = -1;
  await until(() => {
    const stands = sent === before && sent > 0;
    before = sent;
    return stands;
  }, "the app waits");
  assert.ok(sent < 64 * 2 ** 20, `${sent} bytes`);
  answer.destroy();
  await until(() => isClosed, "the end of the stream");
});

test("requests of one client after the other, and at once, are each a request of its own at an app of HTTP/2", async (t) => {
  const seen: string[] = [];
  const { port } = await startHttp2App(t, (stream, headers) => {
    seen.push(`${headers[":method"]} ${headers[":path"]}`);
    stream.respond({ ":status": 200, "content-length": 5 });
    stream.end("hello");
  });
  const trial = await world(t, port, { upstreamConnections: 1 });
  const forged = "GET /internal HTTP/1.1\r\nhost: other.internal\r\n\r\n";
  const wire = `GET /1 HTTP/1.1\r\nhost: ${host}\r\n\r\nPOST /2 HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${forged.length}\r\n\r\n${forged}`;
  assert.equal((await trial.raw(wire)).match(/HTTP\/1\.1 200 /g)?.length, 2);
  assert.deepEqual(seen, ["GET /1", "POST /2"]);
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 10 }, async () => (await ask(trial.http, host)).body))), new Set(["hello"]));
});

test("an app of HTTP/2 that answers before it has read a request does not harm the next one", async (t) => {
  const { port } = await startHttp2App(t, (stream) => stream.respond({ ":status": 413 }, { endStream: true }));
  const trial = await world(t, port, { upstreamConnections: 1 });
  const upload = ask(trial.http, host, { method: "POST", body: Buffer.alloc(500_000) }).catch(() => undefined);
  assert.equal((await upload)?.status ?? 413, 413);
  assert.equal((await ask(trial.http, host)).status, 413);
});

test("a request that its client breaks off does not look whole to an app of HTTP/2", async (t) => {
  const heard: string[] = [];
  const { port } = await startHttp2App(t, (stream) => {
    stream.on("data", () => heard.push("data"));
    stream.on("end", () => heard.push("end"));
    stream.on("aborted", () => heard.push("aborted"));
    stream.on("close", () => heard.push(`closed ${stream.rstCode === http2.constants.NGHTTP2_NO_ERROR ? "well" : "with an error"}`));
  });
  const trial = await world(t, port);
  const request = http.request({ host: "127.0.0.1", port: trial.http, method: "PUT", agent: false, headers: { host } });
  request.on("error", () => {});
  request.write("half");
  await until(() => heard.includes("data"), "half of it");
  request.destroy();
  await until(() => heard.length === 3, "its end");
  assert.deepEqual(heard, ["data", "aborted", "closed with an error"]);
});

test("clients that leave while the app of HTTP/2 is connected to harm nobody", async (t) => {
  const { port } = await startHttp2App(t, (stream) => {
    stream.respond({ ":status": 200 });
    stream.end("served");
  });
  const trial = await world(t, port);
  for (let round = 0; round < 20; round += 1) {
    const socket = net.connect(trial.http, "127.0.0.1", () => socket.end(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`));
    socket.on("error", () => {}).resume();
    await once(socket, "close");
  }
  assert.equal((await ask(trial.http, host)).body, "served");
});

test("requests go to a new connection once the app of HTTP/2 takes none on the present one", async (t) => {
  const long = Promise.withResolvers<ServerHttp2Stream>();
  const { port, sessions } = await startHttp2App(t, (stream, headers) => {
    stream.respond({ ":status": 200 });
    if (headers[":path"] === "/long") long.resolve(stream);
    else stream.end("served");
  });
  const trial = await world(t, port);
  const waiting = ask(trial.http, host, { path: "/long" });
  const stream = await long.promise;
  for (const session of sessions) session.close();
  for (let round = 0; round < 5; round += 1) assert.equal((await ask(trial.http, host, { method: "POST", body: "x" })).body, "served");
  assert.equal(sessions.size, 2);
  stream.end("the last word");
  assert.equal((await waiting).body, "the last word");
});

test("what an app says after its answer cannot break the connection of a client of HTTP/2", async (t) => {
  const app = await startApp(t, (_, response) => {
    response.write("body");
    response.addTrailers({ "http2-settings": "x", constructor: "y", "x-sum": "7" });
    response.end();
  });
  const trial = await world(t, 1);
  trial.publish({ [host]: [{ app: "app", addresses: [app.address] }] });
  const session = http2.connect(`https://${host}`, { host: "127.0.0.1", port: trial.https, rejectUnauthorized: false } as http2.SecureClientSessionOptions);
  t.after(() => session.destroy());
  const stream = session.request({ ":authority": host, te: "trailers" });
  stream.resume();
  const [trailers] = (await once(stream, "trailers")) as [http2.IncomingHttpHeaders];
  assert.deepEqual({ ...trailers }, { ...trailers, constructor: "y", "x-sum": "7" });
  assert.equal(trailers["http2-settings"], undefined);
});
