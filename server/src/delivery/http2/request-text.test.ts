import assert from "node:assert/strict";
import { test } from "node:test";
import { type RawFields, requestTextOf } from "./request-text.ts";

const pseudo = [":method", "GET", ":path", "/a?b", ":scheme", "https", ":authority", "app.example"] as const;

const of = (fields: RawFields, ends = true) => requestTextOf([...pseudo, ...fields], ends);

test("is a request in HTTP/1.1, with one Host and one Cookie", () => {
  assert.deepEqual(of(["accept", "*/*", "cookie", "a=1", "cookie", "b=2", "host", "APP.example"]), {
    kind: "text",
    text: "GET /a?b HTTP/1.1\r\nhost: app.example\r\naccept: */*\r\ncookie: a=1; b=2\r\n\r\n",
    body: "none",
  });
});

test("a body is framed by its length, else in chunks", () => {
  assert.partialDeepStrictEqual(of(["content-length", "3"], false), {
    body: "length",
    text: "GET /a?b HTTP/1.1\r\nhost: app.example\r\ncontent-length: 3\r\n\r\n",
  });
  assert.partialDeepStrictEqual(of([], false), { body: "chunked", text: "GET /a?b HTTP/1.1\r\nhost: app.example\r\ntransfer-encoding: chunked\r\n\r\n" });
});

const hostile: Record<string, RawFields> = {
  "a second Host": ["host", "other.example"],
  "a line break in a value": ["x", "1\r\ntransfer-encoding: chunked"],
  "a bare LF in a value": ["x", "1\nhost: other.example"],
  "a NUL in a value": ["x", "1\0"],
  "a line break in a name": ["x: 1\r\ny", "2"],
  "a field of the connection": ["connection", "close"],
  "Transfer-Encoding": ["transfer-encoding", "chunked"],
  Upgrade: ["upgrade", "websocket"],
  "a pseudo field twice": [":path", "/admin"],
};
for (const [name, fields] of Object.entries(hostile)) test(`${name} is refused`, () => assert.deepEqual(of(fields), { kind: "malformed" }));

test("a method or path of several words, another scheme, and none at all are refused", () => {
  const base = { ":method": "GET", ":path": "/", ":scheme": "https", ":authority": "app.example" };
  const with_ = (change: Record<string, string>) => requestTextOf(Object.entries({ ...base, ...change }).flat(), true).kind;
  assert.equal(with_({}), "text");
  for (const change of [{ ":method": "GET / HTTP/1.1" }, { ":path": "/ HTTP/1.1" }, { ":path": "" }, { ":scheme": "http" }, { ":method": "" }])
    assert.equal(with_(change), "malformed", JSON.stringify(change));
  assert.equal(requestTextOf([":method", "CONNECT", ":authority", "app.example"], false).kind, "malformed");
});
