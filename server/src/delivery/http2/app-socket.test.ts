import assert from "node:assert/strict";
import { test } from "node:test";
import { requestOf } from "./app-socket.ts";

const fieldsOf = (...lines: string[]) => requestOf(["POST /a?b HTTP/1.1", "host: app.example", ...lines].join("\r\n"));

test("a request as text becomes one of HTTP/2, without what is of one connection", () => {
  assert.deepEqual(fieldsOf("x-a: 1: 2", "X-A: 3", "connection: upgrade", "upgrade: websocket", "content-length: 5"), {
    fields: {
      ":method": "POST",
      ":path": "/a?b",
      ":scheme": "http",
      ":authority": "app.example",
      "x-a": "1: 2, 3",
      "content-length": "5",
      te: "trailers",
    },
    method: "POST",
    length: 5,
    body: "length",
  });
});

test("the framing of the text is not that of HTTP/2", () => {
  const { fields, body } = fieldsOf("transfer-encoding: chunked");
  assert.deepEqual([fields["transfer-encoding"], body], [undefined, "chunked"]);
  assert.equal(fieldsOf().body, "none");
  assert.equal(fieldsOf("content-length: 0").body, "none");
});
