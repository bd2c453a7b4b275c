import assert from "node:assert/strict";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { test } from "node:test";
import { type Answer, isHealthy, pauseAfter, probe, redirectOf, untilHealthy, untilListening, Waits } from "./health.ts";

const never = new AbortController().signal;
const check = { timeoutMs: 5_000, startMs: 2_000 };

const serve = async (handler: http.RequestListener, use: (port: number) => Promise<void>): Promise<void> => {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use((server.address() as net.AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};
/** A port that nobody listens on. */
const freed = async (): Promise<net.AddressInfo> => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return address;
};
const withStatus =
  (status: number): http.RequestListener =>
  (_, response) =>
    response.writeHead(status).end();

test("without a path any answer below 500 is healthy, with one 200 to 399 are", () => {
  const answer = (status: number): Answer => ({ kind: "status", status });
  const healthy = (path?: string): number[] =>
    [200, 302, 399, 400, 404, 499, 500, 503].filter((status) => isHealthy(answer(status), path === undefined ? {} : { path }));
  assert.deepEqual(healthy(), [200, 302, 399, 400, 404, 499]);
  assert.deepEqual(healthy("/up"), [200, 302, 399]);
  assert.equal(isHealthy({ kind: "refused" }, {}), false);
});

test("a program of HTTP/2 is asked in HTTP/2 where it says so, and is known where it does not", async () => {
  const server = http2.createServer((request, response) => response.writeHead(request.url === "/up" ? 204 : 415).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  try {
    const target = { host: "127.0.0.1", port, check: { ...check, http2: true } } as const;
    assert.deepEqual(await probe(target), { kind: "status", status: 415 });
    assert.deepEqual(await probe({ ...target, check: { ...target.check, path: "/up" } }), { kind: "status", status: 204 });
    assert.deepEqual(await probe({ ...target, check }), { kind: "http2" });
  } finally {
    server.close();
  }
  await serve(withStatus(200), async (plain) =>
    assert.deepEqual(await probe({ host: "127.0.0.1", port: plain, check: { ...check, http2: true } }), { kind: "broken" }),
  );
});

test("a probe tells what came: a status, nothing in time, a closed door", async () => {
  await serve(withStatus(404), async (port) => assert.deepEqual(await probe({ host: "127.0.0.1", port, check }), { kind: "status", status: 404 }));
  await serve(
    () => {},
    async (port) => assert.deepEqual(await probe({ host: "127.0.0.1", port, check: { ...check, timeoutMs: 200 } }), { kind: "timeout" }),
  );
  assert.deepEqual(await probe({ host: "127.0.0.1", port: 1, check }), { kind: "refused" });
});

test("what does not speak HTTP is told from what does not answer", async () => {
  const server = net.createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-x\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    assert.deepEqual(await probe({ host: "127.0.0.1", port: (server.address() as net.AddressInfo).port, check }), { kind: "broken" });
  } finally {
    server.close();
  }
});

test("a program that comes up late is seen; the health path is the one asked", async () => {
  const paths: (string | undefined)[] = [];
  await serve(
    (request, response) => {
      paths.push(request.url);
      response.writeHead(paths.length > 3 ? 200 : 503).end();
    },
    async (port) => {
      const gate = await untilHealthy({ host: "127.0.0.1", port, check: { ...check, path: "/up" }, waits: new Waits() }, never, () => false);
      assert.deepEqual(gate, { outcome: "healthy", isPrompt: false });
    },
  );
  assert.deepEqual(paths, ["/up", "/up", "/up", "/up"]);
});

test("a program is prompt that was healthy once it listened", async () => {
  const server = http.createServer(withStatus(200));
  const { port } = await freed();
  const gate = untilHealthy({ host: "127.0.0.1", port, check, waits: new Waits() }, never, () => false);
  server.listen(port, "127.0.0.1");
  try {
    assert.deepEqual(await gate, { outcome: "healthy", isPrompt: true });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("one that is waited for until it listens is asked nothing", async () => {
  let asked = 0;
  const counts: http.RequestListener = (_, response) => {
    asked += 1;
    response.writeHead(503).end();
  };
  await serve(counts, async (port) => {
    const gate = await untilListening({ host: "127.0.0.1", port, check, waits: new Waits() }, never, () => false);
    assert.deepEqual(gate, { outcome: "healthy", isPrompt: true });
    assert.deepEqual(await probe({ host: "127.0.0.1", port, check }), { kind: "status", status: 503 });
    assert.equal(asked, 1);
  });
});

test("nothing is asked of a program that is known to listen on nothing", async () => {
  let asked = 0;
  const counts: http.RequestListener = (_, response) => {
    asked += 1;
    response.end();
  };
  await serve(counts, async (port) => {
    const target = { host: "127.0.0.1", port, check: { ...check, startMs: 50 }, waits: new Waits(), isClosed: () => true };
    assert.deepEqual(await untilHealthy(target, never, () => false), { outcome: "late", last: { kind: "refused" } });
    assert.equal(asked, 0);
    let looks = 0;
    const opens = (): boolean => ++looks <= 3;
    assert.equal((await untilHealthy({ ...target, check, isClosed: opens }, never, () => false)).outcome, "healthy");
    assert.deepEqual([looks, asked], [4, 1]);
  });
});

test("the wait ends with the last answer when the time is over, and at once when the program ends", async () => {
  await serve(withStatus(503), async (port) => {
    const target = { host: "127.0.0.1", port, check: { ...check, startMs: 50 }, waits: new Waits() };
    assert.deepEqual(await untilHealthy(target, never, () => false), { outcome: "late", last: { kind: "status", status: 503 } });
    const started = performance.now();
    const gate = await untilHealthy({ ...target, check: { ...check, startMs: 60_000 } }, AbortSignal.timeout(30), () => false);
    assert.deepEqual(gate, { outcome: "stopped" });
    assert.ok(performance.now() - started < 5_000);
  });
});

test("a program is asked the less often, the longer it takes and the more are waited for", () => {
  assert.deepEqual(
    [0, 64, 3_200, 60_000].map((elapsed) => pauseAfter(elapsed, 1)),
    [2, 2, 100, 250],
  );
  assert.deepEqual(
    [0, 40, 400, 4_000, 60_000].map((elapsed) => pauseAfter(elapsed, 51)),
    [2, 10, 100, 200, 250],
  );
});

test("who waits is counted until it is over, however that ends", async () => {
  const waits = new Waits();
  const { promise, resolve } = Promise.withResolvers<void>();
  const all = [() => promise, () => promise.then(() => Promise.reject(new Error("no")))].map((wait) => waits.during(wait));
  assert.equal(waits.count, 2);
  resolve();
  await Promise.allSettled(all);
  assert.equal(waits.count, 0);
});

test("a redirect is followed on the same host, where it sets no cookie", () => {
  const from = { port: 3_000, path: "/a?b" };
  assert.equal(redirectOf(302, { location: "/up" }, from), "/up");
  assert.equal(redirectOf(301, { location: "https://localhost:3000/a?b" }, from), "/a?b");
  assert.equal(redirectOf(302, { location: "https://login.example.org/" }, from), undefined);
  assert.equal(redirectOf(302, { location: "/", "set-cookie": ["seen=1"] }, from), undefined);
  assert.equal(redirectOf(200, { location: "/" }, from), undefined);
  assert.equal(redirectOf(302, { location: "http://[" }, from), undefined);
});

test("redirects that lead back are no answer, those that come to an end are one", async () => {
  const ways: Record<string, string> = {
    "/a": "/b",
    "/b": "/a",
    "/c": "/d",
    "/n0": "/n1",
    "/n1": "/n2",
    "/n2": "/n3",
    "/n3": "/n4",
    "/n4": "/n5",
    "/n5": "/n6",
  };
  const asked = (path: string, port: number) => probe({ host: "127.0.0.1", port, check: { ...check, path } });
  const answer: http.RequestListener = ({ url = "" }, response) => {
    const location = ways[url];
    response.writeHead(location === undefined ? 200 : 302, location === undefined ? {} : { location }).end();
  };
  await serve(answer, async (port) => {
    assert.deepEqual(await asked("/a", port), { kind: "loop", status: 302, way: ["/a", "/b", "/a"] });
    assert.deepEqual(await asked("/c", port), { kind: "status", status: 302 });
    assert.deepEqual(await asked("/n0", port), { kind: "status", status: 302 });
  });
});
