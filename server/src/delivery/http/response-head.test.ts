import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseHead } from "./response-head.ts";

const parse = (...lines: string[]) => {
  const head = new ResponseHead();
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1");
  return { head, problem: head.parse(bytes, 0, bytes.length) };
};

test("an ordinary answer is taken apart", () => {
  const { head, problem } = parse(
    "HTTP/1.1 200 OK",
    "Server: x",
    "Content-Length: 5",
    "Connection: keep-alive",
    "Keep-Alive: timeout=5",
    "Date: d",
    "Set-Cookie: a=1",
    "Set-Cookie: b=2",
  );
  assert.equal(problem, undefined);
  assert.deepEqual([head.status, head.line, head.length, head.keepAlive, head.keepAliveSeconds, head.hasDate], [200, "200 OK", 5, true, 5, true]);
  assert.equal(head.kept, "Server: x\r\nDate: d\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n");
});

test("framing: chunked, until the connection ends, HTTP/1.0", () => {
  assert.equal(parse("HTTP/1.1 200 OK", "Transfer-Encoding: Chunked").head.length, -1);
  assert.equal(parse("HTTP/1.1 200 OK").head.length, -2);
  assert.equal(parse("HTTP/1.0 200 OK", "Content-Length: 1").head.keepAlive, false);
  assert.equal(parse("HTTP/1.1 200 OK", "Connection: close").head.keepAlive, false);
  assert.equal(parse("HTTP/1.1 200", "Content-Length: 3", "Content-Length: 3").head.length, 3);
});

test("an answer with more options of the connection than anybody needs is none", () => {
  const options = (count: number): string => Array.from({ length: count }, (_, index) => `x-${index}`).join(",");
  assert.equal(parse("HTTP/1.1 200 OK", `Connection: ${options(32)}`).problem, undefined);
  assert.match(parse("HTTP/1.1 200 OK", `Connection: ${options(33)}`).problem ?? "", /too many options/);
});

test("an app cannot speak in the platform's name, nor pass on fields of its hop", () => {
  const { head } = parse(
    "HTTP/1.1 200 OK",
    "Slip-Deployment: x",
    "slip-artifact: y",
    "Connection: x-a",
    "X-A: 1",
    "Proxy-Connection: x",
    "Trailer: z",
    "X-B: 2",
  );
  assert.equal(head.kept, "X-B: 2\r\n");
});

const broken: [string, ...string[]][] = [
  ["both framings", "HTTP/1.1 200 OK", "Content-Length: 1", "Transfer-Encoding: chunked"],
  ["two lengths", "HTTP/1.1 200 OK", "Content-Length: 1", "Content-Length: 2"],
  ["a list of lengths", "HTTP/1.1 200 OK", "Content-Length: 1, 2"],
  ["a negative length", "HTTP/1.1 200 OK", "Content-Length: -1"],
  ["another coding", "HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked"],
  ["chunked in HTTP/1.0", "HTTP/1.0 200 OK", "Transfer-Encoding: chunked"],
  ["no status", "HTTP/1.1 OK"],
  ["a status of four digits", "HTTP/1.1 2000 OK"],
  ["HTTP/2", "HTTP/2 200 OK"],
  ["a control character in the reason", "HTTP/1.1 200 O\x01K"],
  ["a folded line", "HTTP/1.1 200 OK", "X-A: 1", " 2"],
  ["a bare LF", "HTTP/1.1 200 OK", "X-A: 1\nX-B: 2"],
  ["a space before the colon", "HTTP/1.1 200 OK", "Content-Length : 1"],
];
for (const [name, ...lines] of broken) test(`cannot be used: ${name}`, () => assert.notEqual(parse(...lines).problem, undefined));
