import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { callers } from "@slipstream/contract/ports/calls.ts";
import { keptProtocol } from "@slipstream/contract/ports/kept-line.ts";
import { z } from "zod";
import { serveCalls } from "./calls.ts";
import { logOf } from "./log.ts";

const calls = {
  square: {
    method: "PUT",
    path: "/v1/square",
    kept: true,
    input: z.object({ of: z.number(), text: z.string().default("") }),
    output: z.object({ is: z.number(), server: z.string() }),
  },
} as const;

const refused = (code: string, message: RegExp) => (error: unknown) => error instanceof SlipError && error.code === code && message.test(error.message);

/** A folder for a socket, and servers at it, each with a name; `wait` holds up their answers. */
const world = (context: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), "slip-kept-lines-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const socketPath = join(folder, "square.sock");
  const start = async (server: string, wait: (of: number) => Promise<unknown> = async () => {}): Promise<http.Server> => {
    const square = async ({ of }: { of: number }) => {
      await wait(of);
      if (of < 0) throw new SlipError("conflict", "It is less than nothing.");
      return { is: of * of, server };
    };
    const serving = await serveCalls(calls, { square }, { socketPath, log: logOf("test") });
    context.after(() => serving.close());
    return serving;
  };
  return { socketPath, start, ask: callers(calls, socketPath) };
};

test("no question waits for the answer to another, and one connection is enough for large ones too", async (context) => {
  const { start, ask } = world(context);
  const others = Promise.withResolvers<void>();
  const server = await start("one", async (of) => (of === 1 ? others.promise : undefined));
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  const text = "ü\n".repeat(300_000);
  const slow = ask.square({ of: 1, text });
  const quick = await Promise.all([2, 3].map((of) => ask.square({ of, text })));
  others.resolve();
  assert.deepEqual(
    [...quick, await slow].map(({ is }) => is),
    [4, 9, 1],
  );
  await ask.square({ of: 4 });
  assert.equal(connections, 1);
});

test("who does not want to know any more is let go, and nobody else with them", async (context) => {
  const { start, ask } = world(context);
  const release = Promise.withResolvers<void>();
  await start("one", () => release.promise);
  const [gone, stays] = [new AbortController(), ask.square({ of: 2 })];
  const left = ask.square({ of: 3 }, { signal: gone.signal });
  gone.abort(new Error("no more"));
  await assert.rejects(left, /no more/);
  release.resolve();
  assert.equal((await stays).is, 4);
  await assert.rejects(ask.square({ of: 3 }, { signal: gone.signal }), /no more/);
});

test("a question that is refused leaves the connection as it is", async (context) => {
  const { start, ask } = world(context);
  await start("one");
  await assert.rejects(ask.square({ of: -1 }), refused("conflict", /less than nothing/));
  assert.equal((await ask.square({ of: 3 })).is, 9);
});

test("who comes in the place of a server is asked, and where nobody does it is unreachable", async (context) => {
  const { start, ask } = world(context);
  await assert.rejects(ask.square({ of: 1 }), refused("unreachable", /ENOENT/));
  const first = await start("first");
  assert.equal((await ask.square({ of: 1 })).server, "first");
  first.close();
  await start("second");
  assert.equal((await ask.square({ of: 1 })).server, "second");
});

test("what is broken off while it waits is asked again of the next one, or is unreachable", async (context) => {
  const { start, ask } = world(context);
  const begun = Promise.withResolvers<void>();
  const never = new Promise(() => {});
  const first = await start("first", async (of) => {
    if (of !== 7) return;
    begun.resolve();
    await never;
  });
  await ask.square({ of: 1 });
  const waiting = ask.square({ of: 7 });
  await begun.promise;
  first.close();
  const second = await start("second", async (of) => {
    if (of === 8) second.close();
  });
  assert.equal((await waiting).server, "second");
  await assert.rejects(ask.square({ of: 8 }), refused("unreachable", /ECONNRESET|ENOENT|ECONNREFUSED/));
});

test("one that does not answer is unreachable, and its late answer is nobody's", async (context) => {
  const { start, ask } = world(context);
  const release = Promise.withResolvers<void>();
  await start("one", (of) => (of === 5 ? release.promise : Promise.resolve()));
  const [late, patient] = [ask.square({ of: 5 }, { timeoutMs: 50 }), ask.square({ of: 5 })];
  await assert.rejects(late, refused("unreachable", /did not answer in 50 ms/));
  release.resolve();
  assert.equal((await ask.square({ of: 6 })).is, 36);
  assert.equal((await patient).is, 25);
});

test("a server of another kind is told from one that is away", async (context) => {
  const { socketPath, ask } = world(context);
  const other = http.createServer((_, answer) => answer.end("{}"));
  await new Promise<void>((done) => other.listen(socketPath, done));
  context.after(() => other.close());
  await assert.rejects(ask.square({ of: 1 }), refused("internal", /keeps no connection/));
});

test("a line that never ends is cut off, as a request that is too large", async (context) => {
  const { socketPath, start } = world(context);
  await start("one");
  const { method, path } = calls.square;
  const headers = { connection: "upgrade", upgrade: keptProtocol };
  const upgrading = once(http.request({ socketPath, method, path, headers, agent: false }).end(), "upgrade");
  const socket = (await upgrading)[1] as Socket;
  const closed = new Promise((resolve) => socket.on("error", () => {}).on("close", resolve));
  socket.write(Buffer.alloc(limit("requestBytes") + 1, "x"));
  await closed;
});
