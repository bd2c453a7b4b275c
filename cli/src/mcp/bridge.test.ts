// The bridge before a platform that goes away, forgets and comes back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { Bridge } from "./bridge.ts";
import type { Answer, Exchange } from "./door.ts";
import type { Json } from "./message.ts";

const away = (): SlipError => new SlipError("unreachable");
const answer = (messages: unknown[], more: Partial<Answer> & { breaks?: boolean; eventId?: string } = {}): Answer => ({
  status: 200,
  sessionId: undefined,
  async *messages() {
    for (const message of messages) yield await Promise.resolve({ eventId: more.eventId, message });
    if (more.breaks) throw away();
  },
  ...more,
});

interface Sent extends Exchange {
  method: string;
}

/** A bridge whose platform answers as the script says, one step for each request. */
const bridgeTo = (...script: ((sent: Sent) => Answer | Promise<Answer>)[]) => {
  const sent: Sent[] = [];
  const said: Json[] = [];
  const bridge = new Bridge({
    door: async (method, exchange) => {
      sent.push({ method, ...exchange });
      const step = script.shift();
      if (!step) throw new Error("The script has ended.");
      return step({ method, ...exchange });
    },
    say: (message) => void said.push(message as Json),
    prepare: (request) => Promise.resolve(request),
    amend: (_, message) => message,
    pause: (error) => ((error as SlipError).code === "unreachable" ? Promise.resolve() : Promise.reject(error as Error)),
  });
  return { bridge, sent, said };
};

const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
const call = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "deploy", arguments: {}, _meta: meta } };
const done = { jsonrpc: "2.0", id: 7, result: {} };
const keyOf = ({ message }: Sent): unknown => (message as { params: { _meta: Json } }).params._meta["slipstream/idempotency-key"];

test("a call that the platform did not answer is sent again with the same key", async () => {
  const progress = { jsonrpc: "2.0", method: "notifications/progress" };
  const { bridge, sent, said } = bridgeTo(
    () => Promise.reject(away()),
    () => answer([progress], { breaks: true }),
    () => answer([]),
    () => answer([done]),
  );
  await bridge.take(call);
  assert.deepEqual(said, [progress, done]);
  assert.equal(sent.length, 4);
  assert.equal(typeof keyOf(sent[0] as Sent), "string");
  assert.equal(new Set(sent.map(keyOf)).size, 1);
});

test("what the platform refuses is an answer that says why", async () => {
  const { bridge, said } = bridgeTo(() => Promise.reject(new SlipError("unauthorized")));
  await bridge.take(call);
  assert.partialDeepStrictEqual(said, [{ id: 7, result: { isError: true, structuredContent: { code: "unauthorized" } } }]);
});

test("a cancelled call closes its connection, and is not answered", async () => {
  let closed = false;
  const { bridge, said } = bridgeTo(
    ({ signal }) =>
      new Promise((_, reject) =>
        signal?.addEventListener("abort", () => {
          closed = true;
          reject(new DOMException("aborted", "AbortError"));
        }),
      ),
  );
  const asked = bridge.take(call);
  await new Promise((resolve) => setImmediate(resolve));
  await bridge.take({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } });
  await asked;
  assert.deepEqual([closed, said], [true, []]);
});

const opening = { jsonrpc: "2.0", id: 0, method: "initialize", params: { protocolVersion: "2025-11-25" } };
const opened = (sessionId: string) => (sent: Sent) =>
  answer([{ jsonrpc: "2.0", id: (sent.message as Json).id, result: { protocolVersion: "2025-11-25" } }], { sessionId });
const listing = { jsonrpc: "2.0", id: 7, method: "tools/list" };

test("a session that the platform has forgotten is begun anew, and the client does not notice", async () => {
  const { bridge, sent, said } = bridgeTo(
    opened("one"),
    () => answer([], { status: 404 }),
    opened("two"),
    () => answer([], { status: 202 }),
    () => answer([done]),
  );
  await bridge.take(opening);
  await bridge.take(listing);
  assert.deepEqual(
    said.map(({ id }) => id),
    [0, 7],
  );
  const headers = { "mcp-session-id": "two", "mcp-protocol-version": "2025-11-25" };
  assert.deepEqual([sent.at(-1)?.message, sent.at(-1)?.headers], [listing, headers]);
});

test("an answer whose stream broke off is taken up where it was", async () => {
  const { bridge, sent, said } = bridgeTo(
    opened("one"),
    () => answer([undefined], { eventId: "5", breaks: true }),
    () => answer([done]),
  );
  await bridge.take(opening);
  await bridge.take(listing);
  assert.deepEqual([sent.at(-1)?.method, sent.at(-1)?.headers["last-event-id"]], ["GET", "5"]);
  assert.deepEqual(said.at(-1), done);
});
