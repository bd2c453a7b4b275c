import assert from "node:assert/strict";
import { test } from "node:test";
import { headersOf, headerText, revisionOf, withKey } from "./message.ts";

const call = {
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "deploy", _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28", a: 1 } },
};

test("a message that names its revision gets the headers of it", () => {
  assert.equal(revisionOf(call), "2026-07-28");
  assert.equal(revisionOf({ method: "tools/list" }), undefined);
  assert.deepEqual(headersOf(call, "2026-07-28"), { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "deploy" });
  assert.deepEqual(
    headersOf({ method: "resources/read", params: { uri: "slip://apps/é/logs" } }, "r")["mcp-name"],
    `=?base64?${Buffer.from("slip://apps/é/logs").toString("base64")}?=`,
  );
  assert.deepEqual(headersOf({ method: "tools/list", params: {} }, "r"), { "mcp-protocol-version": "r", "mcp-method": "tools/list" });
});

test("what a header cannot hold as it is, or would be read as encoded, is encoded", () => {
  assert.equal(headerText("plain text"), "plain text");
  for (const odd of [" blank", "a\nb", "=?base64?YQ==?=", ""]) assert.match(headerText(odd), /^=\?base64\?[A-Za-z0-9+/=]*\?=$/);
});

test("a call of a tool has a key, its own where it has one; other requests have none", () => {
  const meta = (request: Parameters<typeof withKey>[0]) => withKey(request, "k").params?._meta as Record<string, unknown> | undefined;
  assert.deepEqual(meta(call)?.["slipstream/idempotency-key"], "k");
  assert.equal(meta(call)?.a, 1);
  assert.equal(meta({ ...call, params: { _meta: { "slipstream/idempotency-key": "mine" } } })?.["slipstream/idempotency-key"], "mine");
  assert.equal(meta({ id: 1, method: "tools/list" }), undefined);
});
