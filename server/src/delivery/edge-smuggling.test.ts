import assert from "node:assert/strict";
import { test } from "node:test";
import { startRawApp, startTrial } from "./edge-trial.ts";

// Each of these tries to make the app see a request that the edge did not: the app below notes every byte that reaches it.

const smuggled = "GET /smuggled HTTP/1.1\r\nHost: app.localhost\r\n\r\n";
const post = (fields: string, body: string): string => `POST / HTTP/1.1\r\nHost: app.localhost\r\n${fields}\r\n${body}`;

const refused: [name: string, wire: string][] = [
  ["both framings, for an app that believes the length", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${smuggled}`)],
  [
    "both framings, for an app that believes the chunks",
    post(`Transfer-Encoding: chunked\r\nContent-Length: ${5 + smuggled.length}\r\n`, `0\r\n\r\n${smuggled}`),
  ],
  ["a hidden coding: space before the colon", post("Content-Length: 5\r\nTransfer-Encoding : chunked\r\n", `0\r\n\r\n${smuggled}`)],
  ["a hidden coding: tab before the colon", post("Content-Length: 5\r\nTransfer-Encoding\t: chunked\r\n", `0\r\n\r\n${smuggled}`)],
  ["a hidden coding: folded", post("Content-Length: 5\r\nX: y\r\n Transfer-Encoding: chunked\r\n", `0\r\n\r\n${smuggled}`)],
  ["a hidden coding: folded value", post("Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n", `0\r\n\r\n${smuggled}`)],
  ["a hidden coding: behind a bare LF", post("Content-Length: 5\r\nX: y\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${smuggled}`)],
  ["a hidden coding: behind a bare CR", post("Content-Length: 5\r\nX: y\rTransfer-Encoding: chunked\r\n", `0\r\n\r\n${smuggled}`)],
  ["a hidden coding: NUL in the name", post("Content-Length: 5\r\nTransfer\0-Encoding: chunked\r\n", `0\r\n\r\n${smuggled}`)],
  ["a hidden coding: vertical tab in the value", post("Content-Length: 5\r\nTransfer-Encoding: \x0bchunked\r\n", `0\r\n\r\n${smuggled}`)],
  ["codings that differ", post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${smuggled}`)],
  ["a coding that is unknown", post("Transfer-Encoding: cow\r\n", smuggled)],
  ["chunked, then another coding", post("Transfer-Encoding: chunked, cow\r\n", `0\r\n\r\n${smuggled}`)],
  ["lengths that differ", post(`Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n`, smuggled)],
  ["a list of lengths", post(`Content-Length: 0, ${smuggled.length}\r\n`, smuggled)],
  ["a length with a sign", post(`Content-Length: +${smuggled.length}\r\n`, smuggled)],
  ["a length in octal dress", post("Content-Length: 0_5\r\n", smuggled)],
  ["chunks in HTTP/1.0", `POST / HTTP/1.0\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ["a head that ends with bare LF", `GET / HTTP/1.1\nHost: app.localhost\n\n${smuggled}`],
  ["a second Host", `GET / HTTP/1.1\r\nHost: app.localhost\r\nHost: other.localhost\r\n\r\n${smuggled}`],
  ["a target with an account", `GET http://app.localhost@other.localhost/ HTTP/1.1\r\nHost: app.localhost\r\n\r\n${smuggled}`],
  ["a request line in a field", `GET / HTTP/1.1\r\nHost: app.localhost\r\nGET /smuggled HTTP/1.1\r\n\r\n`],
  ["CONNECT", `CONNECT app.localhost:80 HTTP/1.1\r\nHost: app.localhost\r\n\r\n${smuggled}`],
  ["an upgrade to h2c with HTTP/2 inside", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
];

const badBodies: [name: string, body: string][] = [
  ["a size that is no number", `x\r\n\r\n${smuggled}`],
  ["a size with a prefix", `0x0\r\n\r\n${smuggled}`],
  ["a size ended by LF", `0\n\r\n${smuggled}`],
  ["a size with a space", `0 \r\n\r\n${smuggled}`],
  ["a size that overflows 64 bits", `10000000000000000\r\n${smuggled}`],
  ["an extension with LF", `1;a\nb\r\nX\r\n0\r\n\r\n${smuggled}`],
  ["data that is longer than its size", `1\r\nXY\r\n0\r\n\r\n${smuggled}`],
  ["a bare CR at the end", `0\r\n\r${smuggled}`],
];

const recordingApp = async (t: Parameters<typeof startRawApp>[0]) => {
  const seen = { text: "" };
  const address = await startRawApp(t, (socket) =>
    socket.on("data", (chunk) => {
      seen.text += chunk.toString("latin1");
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }),
  );
  return { seen, address };
};

for (const [name, wire] of refused) {
  test(`nothing of it reaches the app: ${name}`, async (t) => {
    const trial = await startTrial(t);
    const { seen, address } = await recordingApp(t);
    trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
    const text = await trial.raw(wire, 150);
    assert.match(text, /^HTTP\/1\.1 (400|405|501|505) /);
    assert.match(text, /connection: close/);
    assert.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1);
    assert.equal(seen.text, "");
  });
}

for (const [name, body] of badBodies) {
  test(`a malformed body ends both connections: ${name}`, async (t) => {
    const trial = await startTrial(t);
    const { seen, address } = await recordingApp(t);
    trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
    const text = await trial.raw(post("Transfer-Encoding: chunked\r\n", body), 150);
    assert.match(text, /^HTTP\/1\.1 400 /);
    assert.doesNotMatch(seen.text, /smuggled/);
  });
}

test("what is passed on is framed by the edge: extensions and trailers are gone, sizes are its own", async (t) => {
  const trial = await startTrial(t);
  const { seen, address } = await recordingApp(t);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  await trial.raw(post("Transfer-Encoding: CHUNKED\r\n", "1;x=y\r\na\r\n02\r\nbc\r\n0\r\nTransfer-Encoding: cow\r\nHost: evil\r\n\r\n"), 150);
  assert.match(seen.text, /\r\ntransfer-encoding: chunked\r\n[\s\S]*\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
  assert.doesNotMatch(seen.text, /cow|evil|x=y/);
});

test("a target of another host is asked of that one, and tells it no other name", async (t) => {
  const trial = await startTrial(t);
  const [app, other] = [await recordingApp(t), await recordingApp(t)];
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }], "other.localhost": [{ app: "other", addresses: [other.address] }] });
  await trial.raw("GET http://other.localhost/x HTTP/1.1\r\nHost: app.localhost\r\n\r\n", 150);
  assert.equal(app.seen.text, "");
  assert.match(other.seen.text, /^GET \/x HTTP\/1\.1\r\nhost: other\.localhost\r\n/i);
  assert.doesNotMatch(other.seen.text, /app\.localhost/);
});

test("a body that holds a request is a body", async (t) => {
  const trial = await startTrial(t);
  const { seen, address } = await recordingApp(t);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  const text = await trial.raw(post(`Content-Length: ${smuggled.length}\r\n`, smuggled), 150);
  assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 1);
  assert.equal(seen.text.split(smuggled).length, 2);
  assert.ok(seen.text.endsWith(`\r\n\r\n${smuggled}`));
});

const badAnswers: [name: string, wire: string][] = [
  ["both framings", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"],
  ["a bare LF in a field", "HTTP/1.1 200 OK\r\nX: y\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok"],
  ["no status", "HTTP/1.1 huh\r\n\r\n"],
  ["another protocol", "SSH-2.0-OpenSSH\r\n\r\n"],
  ["an upgrade that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"],
  ["an endless head", `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(10_000)}`],
];
for (const [name, wire] of badAnswers) {
  test(`an answer that cannot be trusted becomes 502: ${name}`, async (t) => {
    const trial = await startTrial(t);
    const address = await startRawApp(t, (socket) => socket.on("data", () => socket.write(wire)));
    trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
    const text = await trial.raw("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n");
    assert.match(text, /^HTTP\/1\.1 502 /);
    assert.equal(text.match(/HTTP\/1\.1/g)?.length, 1);
  });
}

test("interim answers have an end", async (t) => {
  const trial = await startTrial(t);
  const address = await startRawApp(t, (socket) => socket.on("data", () => socket.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".repeat(1_000))));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  const text = await trial.raw("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n", 2_000);
  assert.equal(text.match(/HTTP\/1\.1 103/g)?.length, 32);
  assert.match(text, /\r\n\r\nHTTP\/1\.1 502 /);
});

test("interim answers are together no larger than a head", async (t) => {
  const trial = await startTrial(t, { headerBytes: 4_096 });
  const interim = `HTTP/1.1 103 Early Hints\r\nLink: ${"x".repeat(1_000)}\r\n\r\n`;
  const address = await startRawApp(t, (socket) => socket.on("data", () => socket.write(`${interim.repeat(20)}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`)));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  const text = await trial.raw("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n", 2_000);
  assert.equal(text.match(/HTTP\/1\.1 103/g)?.length, 3);
  assert.match(text, /\r\n\r\nHTTP\/1\.1 502 /);
});

test("what an app says beyond its answer never answers the next request", async (t) => {
  const trial = await startTrial(t);
  const address = await startRawApp(t, (socket) =>
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")),
  );
  trial.publish({ "app.localhost": [{ app: "app", addresses: [address] }] });
  const request = "GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n";
  const text = await trial.raw(request + request);
  assert.equal(text.match(/\r\n\r\nok/g)?.length, 2);
  assert.doesNotMatch(text, /evil/);
});
