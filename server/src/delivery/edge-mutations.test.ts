import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { type EdgeTrial, startTrial, until } from "./edge-trial.ts";

// Pipelines of requests with something done to their bytes. What the edge says in its log that it passed on, and what the app saw, must be
// the same requests: one that only the app sees was smuggled, and could be answered to another client.

const host = "app.localhost";
/** Of so many connections at the same time, which share those to the app. */
const runs = 40;
const together = 10;

/** How a server sees a request. */
interface Seen {
  id: string;
  method: string;
  target: string;
}

const startSeeing = async (t: TestContext, options: http.ServerOptions): Promise<{ address: string; seen: Seen[] }> => {
  const seen: Seen[] = [];
  const server = http.createServer(options, (request, response) => {
    // One whose body never comes whole has been seen too.
    const { method = "", url: target = "", headers } = request;
    seen.push({ id: String(headers["x-request-id"]), method, target });
    request.on("error", () => {});
    request.on("end", () => response.end("ok"));
    request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
};

// ── requests ────────────────────────────────────────────────────────────────

const smuggled = `GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const bodies = fc.oneof(fc.constantFrom("x", `0\r\n\r\n${smuggled}`, `0\r\n\r\n${smuggled}`), fc.stringMatching(/^[a-z0-9\r\n]{0,40}$/));

const chunksOf = (body: string): string => `${body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n\r\n`;
const framings: Record<string, (body: string) => string> = {
  none: () => "\r\n",
  length: (body) => `Content-Length: ${body.length}\r\n\r\n${body}`,
  chunked: (body) => `Transfer-Encoding: chunked\r\n\r\n${chunksOf(body)}`,
};

/** A field that is one thing to some and another to others. */
const twoFaced = [
  "Content-Length: 0\r\n",
  "Content-Length: 5\r\n",
  "Content-Length : 5\r\n",
  "Content_Length: 5\r\n",
  "Content-Length: +5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding : chunked\r\n",
  "Transfer-Encoding: identity\r\n",
  "Transfer-Encoding:\r\n chunked\r\n",
  "Transfer-Encoding: xchunked\r\n",
  "Transfer_Encoding: chunked\r\n",
  "X: y\nTransfer-Encoding: chunked\r\n",
  "Connection: content-length\r\n",
  "Connection: transfer-encoding, host\r\n",
  "Connection: upgrade\r\nUpgrade: h2c\r\n",
  "Connection: upgrade\r\nUpgrade: websocket\r\n",
  "Expect: 100-continue\r\n",
  "Host: other.localhost\r\n",
];

const requests = fc
  .record({
    target: fc.constantFrom("/", "/a", "/a?b=c"),
    framing: fc.constantFrom(...Object.keys(framings)),
    body: bodies,
    field: fc.option(fc.constantFrom(...twoFaced), { nil: "", freq: 2 }),
  })
  .map(
    ({ target, framing, body, field }) =>
      `${framing === "none" ? "GET" : "POST"} ${target} HTTP/1.1\r\nHost: ${host}\r\n${field}${framings[framing]?.(body) ?? assert.fail(framing)}`,
  );

// ── what is done to them ────────────────────────────────────────────────────

const bits = ["\r", "\n", "\r\n", "\r\n\r\n", " ", "\t", "\0", "\x0b", "\x85", ":", ";", ",", "0", "1", "a", "_", '"', "\\", "\r\n ", ";a=b", "0\r\n\r\n"];
type Mutation = (wire: string) => string;
const at = (wire: string, where: number): number => Math.floor(where * (wire.length + 1));
const places = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(places, fc.constantFrom(...bits)).map(
    ([where, bit]): Mutation =>
      (wire) =>
        wire.slice(0, at(wire, where)) + bit + wire.slice(at(wire, where)),
  ),
  fc.tuple(places, fc.constantFrom(...twoFaced, smuggled)).map(
    ([where, line]): Mutation =>
      (wire) => {
        const next = wire.indexOf("\r\n", at(wire, where));
        return next < 0 ? wire + line : wire.slice(0, next + 2) + line + wire.slice(next + 2);
      },
  ),
  places.map(
    (where): Mutation =>
      (wire) =>
        wire.slice(0, at(wire, where)) + wire.slice(at(wire, where) + 1),
  ),
  fc.tuple(places, fc.constantFrom(...bits)).map(
    ([where, bit]): Mutation =>
      (wire) =>
        wire.slice(0, at(wire, where)) + bit + wire.slice(at(wire, where) + bit.length),
  ),
  fc.tuple(places, fc.integer({ min: 1, max: 30 })).map(
    ([where, size]): Mutation =>
      (wire) => {
        const start = at(wire, where);
        return wire.slice(0, start) + wire.slice(start, start + size) + wire.slice(start);
      },
  ),
);

const wires = fc
  .tuple(fc.array(requests, { minLength: 1, maxLength: 4 }), fc.array(mutations, { maxLength: 3 }))
  .map(([pipeline, changes]) => changes.reduce((wire, change) => change(wire), pipeline.join("")));

// ── comparing ───────────────────────────────────────────────────────────────

const line = /^(\S+) (\S+) (\d+) \S+ ms \d+ bytes (\S+) \S+?(?: \((.*)\))?$/;

/** What the edge says of each request that it has ended, by its id. */
const loggedOf = ({ logs }: EdgeTrial) =>
  new Map(
    logs.lines.map(({ text }) => {
      const [, method = "", target = "", status = "", id = "", note = ""] = line.exec(text) ?? assert.fail(`This is no line of a request: ${text}`);
      return [id, { method, target, isAnswered: status === "200" && note === "" }];
    }),
  );

/** Sends each on a connection of its own. */
const compare = async (trial: EdgeTrial, seen: Seen[], wires: string[]): Promise<void> => {
  await Promise.all(wires.map((wire) => trial.raw(Buffer.from(wire, "latin1"), 60)));
  await until(() => trial.edge.status().connections === 0, "the end of the connections");
  const logged = loggedOf(trial);
  const isSeen = (wanted: string): boolean => seen.some(({ id }) => id === wanted);
  await until(() => [...logged].every(([id, { isAnswered }]) => !isAnswered || isSeen(id)), "what was answered, at the app");
  assert.equal(new Set(seen.map(({ id }) => id)).size, seen.length, "the app saw each request once");
  for (const { id, method, target } of seen)
    assert.partialDeepStrictEqual({ id, ...logged.get(id) }, { id, method, target }, "the edge knows what the app saw");
};

const servers: Record<string, http.ServerOptions> = {
  "an app that reads strictly": { requestTimeout: 2_000 },
  "an app that believes whatever it can read": { insecureHTTPParser: true, requestTimeout: 2_000 },
};
for (const [name, options] of Object.entries(servers))
  test(`${name} sees what the edge saw, whatever is done to the bytes`, async (t) => {
    const trial = await startTrial(t, { idleMs: 50, headerMs: 50, responseMs: 300 });
    const { address, seen } = await startSeeing(t, options);
    trial.publish({ [host]: [{ app: "app", addresses: [address] }] });
    await fc.assert(
      fc.asyncProperty(fc.array(wires, { minLength: together, maxLength: together }), (each) => compare(trial, seen, each)),
      { numRuns: runs, endOnFailure: true },
    );
    assert.ok(seen.length > (runs * together) / 8, `only ${seen.length} requests reached the app`);
  });
