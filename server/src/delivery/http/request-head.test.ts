import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestHead } from "./request-head.ts";

const parse = (lines: string[]) => {
  const head = new RequestHead();
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1");
  return { head, refusal: head.parse(bytes, 0, bytes.length) };
};
const status = (lines: string[]): number | undefined => parse(lines).refusal?.status;
const get = (...fields: string[]) => ["GET / HTTP/1.1", "Host: a.example", ...fields];

test("an ordinary request is taken apart, and its fields stay as they came", () => {
  const { head, refusal } = parse([
    "POST /a/b?c=d HTTP/1.1",
    "Host: App.example:8443",
    "User-Agent:  x y ",
    "X-A: é",
    "Content-Length: 12",
    "Accept: text/html",
  ]);
  assert.equal(refusal, undefined);
  assert.deepEqual(
    { method: head.method, target: head.target, minor: head.minor, host: head.host, length: head.length, keepAlive: head.keepAlive, accept: head.accept },
    { method: "POST", target: "/a/b?c=d", minor: 1, host: "App.example:8443", length: 12, keepAlive: true, accept: "text/html" },
  );
  assert.equal(head.kept, "User-Agent:  x y \r\nX-A: é\r\nAccept: text/html\r\n");
});

test("a field name outside of ASCII is no token", () => {
  assert.equal(status(get("X-É: é")), 400);
});

const refused: [name: string, status: number, lines: string[]][] = [
  ["both lengths", 400, get("Content-Length: 5", "Transfer-Encoding: chunked")],
  ["both lengths, the other way round", 400, get("Transfer-Encoding: chunked", "Content-Length: 5")],
  ["two lengths", 400, get("Content-Length: 5", "Content-Length: 6")],
  ["the same length twice", 400, get("Content-Length: 5", "Content-Length: 5")],
  ["a list of lengths", 400, get("Content-Length: 5, 5")],
  ["a signed length", 400, get("Content-Length: +5")],
  ["a negative length", 400, get("Content-Length: -5")],
  ["a hexadecimal length", 400, get("Content-Length: 0x5")],
  ["a length with a space", 400, get("Content-Length: 5 5")],
  ["an empty length", 400, get("Content-Length:")],
  ["a length beyond exact numbers", 400, get("Content-Length: 99999999999999999999")],
  ["a length in other digits", 400, get("Content-Length: \xb2")],
  ["chunked twice", 501, get("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")],
  ["chunked not last", 501, get("Transfer-Encoding: chunked, identity")],
  ["gzip and chunked", 501, get("Transfer-Encoding: gzip, chunked")],
  ["identity", 501, get("Transfer-Encoding: identity")],
  ["a coding that looks like chunked", 501, get("Transfer-Encoding: xchunked")],
  ["chunked with a vertical tab", 400, get("Transfer-Encoding: \x0bchunked")],
  ["chunked in quotes", 501, get('Transfer-Encoding: "chunked"')],
  ["an empty coding", 501, get("Transfer-Encoding:")],
  ["chunked in HTTP/1.0", 400, ["POST / HTTP/1.0", "Host: a.example", "Transfer-Encoding: chunked"]],
  ["a space before the colon", 400, get("Transfer-Encoding : chunked")],
  ["a tab before the colon", 400, get("Content-Length\t: 5")],
  ["more options of the connection than anybody needs", 400, get(`Connection: ${Array.from({ length: 40 }, (_, index) => `x-${index}`).join(", ")}`)],
  ["as many in lines of their own", 400, get(...Array.from({ length: 40 }, (_, index) => `Connection: x-${index}`))],
  ["a folded line", 400, get("X-A: b", " c")],
  ["a folded line with a tab", 400, get("X-A: b", "\tTransfer-Encoding: chunked")],
  ["a fold as the first line", 400, ["GET / HTTP/1.1", " Host: a.example"]],
  ["a bare CR in a value", 400, get("X-A: b\rTransfer-Encoding: chunked")],
  ["a bare LF in a value", 400, get("X-A: b\nTransfer-Encoding: chunked")],
  ["a NUL in a value", 400, get("X-A: b\0c")],
  ["DEL in a value", 400, get("X-A: b\x7fc")],
  ["a control character in a value", 400, get("X-A: b\x01c")],
  ["a NUL in a name", 400, get("X\0A: b")],
  ["a line without a colon", 400, get("X-A")],
  ["an empty name", 400, get(": b")],
  ["a name with a slash", 400, get("X/A: b")],
  ["no Host", 400, ["GET / HTTP/1.1"]],
  ["two Hosts", 400, get("Host: b.example")],
  ["the same Host twice", 400, get("Host: a.example")],
  ["an empty Host", 400, ["GET / HTTP/1.1", "Host:"]],
  ["a Host with a path", 400, ["GET / HTTP/1.1", "Host: a.example/b"]],
  ["a Host with an account", 400, ["GET / HTTP/1.1", "Host: a@b.example"]],
  ["a Host with a space", 400, ["GET / HTTP/1.1", "Host: a b"]],
  ["a Host that is a list", 400, ["GET / HTTP/1.1", "Host: a.example, b.example"]],
  ["a Host with a port of letters", 400, ["GET / HTTP/1.1", "Host: a.example:x"]],
  ["no Host in HTTP/1.0", 400, ["GET / HTTP/1.0"]],
  ["two spaces after the method", 400, ["GET  / HTTP/1.1", "Host: a.example"]],
  ["two spaces after the target", 400, ["GET /  HTTP/1.1", "Host: a.example"]],
  ["a tab in the request line", 400, ["GET\t/ HTTP/1.1", "Host: a.example"]],
  ["a space in the target", 400, ["GET /a b HTTP/1.1", "Host: a.example"]],
  ["a control character in the target", 400, ["GET /a\x01b HTTP/1.1", "Host: a.example"]],
  ["no version", 400, ["GET /", "Host: a.example"]],
  ["a version in lower case", 400, ["GET / http/1.1", "Host: a.example"]],
  ["something after the version", 400, ["GET / HTTP/1.1 x", "Host: a.example"]],
  ["HTTP/2.0", 505, ["GET / HTTP/2.0", "Host: a.example"]],
  ["HTTP/1.2", 505, ["GET / HTTP/1.2", "Host: a.example"]],
  ["the preface of HTTP/2", 505, ["PRI * HTTP/2.0"]],
  ["CONNECT", 405, ["CONNECT a.example:443 HTTP/1.1", "Host: a.example:443"]],
  ["TRACE", 405, ["TRACE / HTTP/1.1", "Host: a.example"]],
  ["an absolute target without a Host", 400, ["GET http://a.example/ HTTP/1.1"]],
  ["a target with an account", 400, ["GET http://x@a.example/ HTTP/1.1", "Host: a.example"]],
  ["a target of another scheme", 400, ["GET ftp://a.example/ HTTP/1.1", "Host: a.example"]],
  ["a target without a slash", 400, ["GET a HTTP/1.1", "Host: a.example"]],
  ["a star outside of OPTIONS", 400, ["GET * HTTP/1.1", "Host: a.example"]],
];
for (const [name, wanted, lines] of refused) test(`refused with ${wanted}: ${name}`, () => assert.equal(status(lines), wanted));

test("the absolute form becomes the origin form, and its host is the one that counts", () => {
  const { host, target, kept } = parse(["GET http://b.example:81/x HTTP/1.1", "Host: a.example"]).head;
  assert.deepEqual([host, target, kept], ["b.example:81", "/x", ""]);
  assert.equal(parse(["GET http://A.example/x?y HTTP/1.1", "Host: a.example"]).head.target, "/x?y");
  assert.equal(parse(["GET https://a.example?y HTTP/1.1", "Host: a.example"]).head.target, "/?y");
  assert.equal(parse(["OPTIONS * HTTP/1.1", "Host: a.example"]).head.target, "*");
});

test("fields of this hop, and those that only the edge may set, are not passed on", () => {
  const fields = [
    "TE: trailers",
    "Trailer: X",
    "Keep-Alive: 5",
    "Proxy-Connection: x",
    "Proxy-Authorization: x",
    "Forwarded: for=1.2.3.4",
    "HTTP2-Settings: x",
  ];
  const ours = [
    "X-Forwarded-For: 1.2.3.4",
    "x-forwarded-PROTO: https",
    "X-Forwarded-Anything: x",
    "X-Real-IP: 1",
    "Slip-Prove: k",
    "slip-deployment: d",
    "X-Request-Id: r",
  ];
  const twins = ["X_Forwarded_For: 1", "x_real-ip: 1", "Slip_Prove: x", "Content_Length: 5", "Transfer_Encoding: chunked"];
  const { head, refusal } = parse(get(...fields, "X-A: 1", ...ours, "X-B: 2", ...twins, "X_C: 3"));
  assert.equal(refusal, undefined);
  assert.equal(head.kept, "X-A: 1\r\nX-B: 2\r\nX_C: 3\r\n");
  assert.deepEqual([head.prove, head.requestId, head.length], ["k", "r", 0]);
});

test("fields that Connection names are removed; close ends, keep-alive does not", () => {
  const { head } = parse(get("X-Secret: 1", "Connection: x-secret , close", "X-B: 2"));
  assert.deepEqual([head.kept, head.keepAlive], ["X-B: 2\r\n", false]);
  assert.equal(parse(get("Connection: keep-alive")).head.keepAlive, true);
  assert.equal(parse(["GET / HTTP/1.0", "Host: a.example", "Connection: keep-alive"]).head.keepAlive, false);
});

test("an upgrade is asked for by both fields, without a body, and not to HTTP/2", () => {
  const upgrade = (...fields: string[]): string => parse(get(...fields)).head.upgrade;
  assert.equal(upgrade("Connection: keep-alive, Upgrade", "Upgrade: websocket"), "websocket");
  assert.equal(upgrade("Upgrade: websocket"), "");
  assert.equal(upgrade("Connection: upgrade"), "");
  assert.equal(upgrade("Connection: upgrade, http2-settings", "Upgrade: h2c"), "");
  assert.equal(upgrade("Connection: upgrade", "Upgrade: websocket, h2c"), "");
  assert.equal(upgrade("Connection: upgrade", "Upgrade: websocket", "Content-Length: 3"), "");
});

test("a request id is kept when it is well formed", () => {
  assert.equal(parse(get("X-Request-Id: abc-1.2_3")).head.requestId, "abc-1.2_3");
  assert.equal(parse(get("X-Request-Id: a b")).head.requestId, "");
  assert.equal(parse(get(`X-Request-Id: ${"a".repeat(129)}`)).head.requestId, "");
});

test("one object serves many requests: nothing of one is left in the next", () => {
  const head = new RequestHead();
  const feed = (lines: string[]) => {
    const bytes = Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1");
    return head.parse(bytes, 0, bytes.length);
  };
  feed(["POST /x HTTP/1.0", "Host: b", "Content-Length: 5", "Upgrade: a", "Connection: upgrade", "X-A: 1", "Slip-Prove: p", "Accept: x", "X-Request-Id: r"]);
  assert.equal(feed(["GET / HTTP/1.1", "Host: a"]), undefined);
  assert.deepEqual(
    [head.length, head.upgrade, head.kept, head.prove, head.accept, head.requestId, head.keepAlive, head.minor],
    [0, "", "", "", "", "", true, 1],
  );
});

test("a head is read at any place of the bytes", () => {
  const text = "GET /x HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nTE: x\r\nX-B: 2\r\n";
  const bytes = Buffer.from(`noise${text}\r\nnoise`, "latin1");
  const head = new RequestHead();
  assert.equal(head.parse(bytes, 5, 5 + text.length), undefined);
  assert.deepEqual([head.target, head.host, head.kept], ["/x", "a", "X-A: 1\r\nX-B: 2\r\n"]);
});
