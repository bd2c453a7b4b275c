import assert from "node:assert/strict";
import { test } from "node:test";
import { McpServer } from "@modelcontextprotocol/server";
import { EventLog } from "./event-log.ts";
import { Sessions } from "./sessions.ts";

const make = (): McpServer => new McpServer({ name: "test", version: "1.0.0" });
const limits = { sessions: 3, sessionsOfOne: 2, idleMs: 60_000, eventBytes: 1_000 };
const exchange = (owner: string, body: object, headers: Record<string, string> = {}) => ({
  request: new Request("http://localhost/mcp", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
  }),
  body,
  auth: { token: "", clientId: owner, scopes: [] },
  owner,
});
const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } },
};
const ping = { jsonrpc: "2.0", id: 2, method: "ping" };

const open = async (sessions: Sessions, owner: string): Promise<string> => {
  const response = await sessions.open(exchange(owner, initialize));
  await response.text();
  return response.headers.get("mcp-session-id") ?? "";
};
const isThere = async (sessions: Sessions, id: string, owner: string): Promise<boolean> => {
  const response = await sessions.serve(id, exchange(owner, ping, { "mcp-session-id": id }));
  await response?.text();
  return response !== undefined;
};

test("an owner's oldest session makes way, then the oldest of all; nobody gets into another's", async () => {
  const sessions = new Sessions(make, limits);
  const [first, second] = [await open(sessions, "ada"), await open(sessions, "ada")];
  assert.deepEqual([await isThere(sessions, first, "bob"), await isThere(sessions, second, "ada"), await isThere(sessions, first, "ada")], [false, true, true]);
  const third = await open(sessions, "ada");
  assert.deepEqual([await isThere(sessions, second, "ada"), await isThere(sessions, first, "ada"), await isThere(sessions, third, "ada")], [false, true, true]);
  await open(sessions, "bob");
  const last = await open(sessions, "carl");
  assert.deepEqual([sessions.size, await isThere(sessions, first, "ada"), await isThere(sessions, last, "carl")], [3, false, true]);
  await sessions.close();
  assert.equal(sessions.size, 0);
});

test("a session that stands idle ends; one whose answer is still being sent does not", async () => {
  const sessions = new Sessions(make, { ...limits, idleMs: 10 });
  const listening = await open(sessions, "ada");
  const request = new Request("http://localhost/mcp", {
    headers: { accept: "text/event-stream", "mcp-session-id": listening, "mcp-protocol-version": "2025-11-25" },
  });
  const stream = await sessions.serve(listening, { ...exchange("ada", {}), request, body: undefined });
  const idle = await open(sessions, "ada");
  for (const until = performance.now() + 5_000; sessions.size > 1 && performance.now() < until; ) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([await isThere(sessions, idle, "ada"), await isThere(sessions, listening, "ada")], [false, true]);
  await stream?.body?.cancel();
  await sessions.close();
});

test("a stream is told again from where it was, by its own events alone, and no more than is kept", async () => {
  const log = new EventLog(200);
  const message = (id: number, text = "") => ({ jsonrpc: "2.0" as const, id, result: { text } });
  const first = await log.storeEvent("a", message(1));
  await log.storeEvent("b", message(2));
  await log.storeEvent("a", message(3));
  const told: unknown[] = [];
  const send = (_: string, each: unknown): Promise<void> => Promise.resolve(void told.push(each));
  assert.equal(await log.replayEventsAfter(first, { send }), "a");
  assert.deepEqual(told, [message(3)]);
  await log.storeEvent("a", message(4, "x".repeat(300)));
  await assert.rejects(log.replayEventsAfter(first, { send }));
});
