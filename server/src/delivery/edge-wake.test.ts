import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { functionAddress } from "@slipstream/contract/ports/function-address.ts";
import { ask, deploymentId, startApp, startTrial } from "./edge-trial.ts";

const host = "app.localhost";
const sleeps = (afterMs = 60_000) => ({ workload: deploymentId("app"), afterMs });

test("the first request to an app that sleeps waits until the host has woken it, and those of the next time go at once", async (t) => {
  const trial = await startTrial(t);
  let isAwake = false;
  const app = await startApp(t, (_, response) => response.end(isAwake ? "awake" : "asleep"));
  const asked: string[] = [];
  trial.wake = async (workload) => {
    asked.push(workload);
    await sleep(100);
    isAwake = true;
  };
  trial.publish({ [host]: [{ app: "app", addresses: [app.address], sleeps: sleeps() }] });
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(trial.http, host)));
  assert.deepEqual(new Set(answers.map(({ status, body }) => `${status} ${body}`)), new Set(["200 awake"]));
  assert.deepEqual(asked, [deploymentId("app")], "asked once for all");
  await ask(trial.http, host);
  assert.equal(asked.length, 1);
});

test("the host is told that somebody uses an app when half of the time is over after which it would sleep", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.end("ok"));
  let times = 0;
  trial.wake = async () => {
    times += 1;
  };
  trial.publish({ [host]: [{ app: "app", addresses: [app.address], sleeps: sleeps(200) }] });
  await ask(trial.http, host);
  await sleep(100);
  await ask(trial.http, host);
  assert.equal(times, 2);
});

test("an app that never sleeps is not woken", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.end("ok"));
  trial.wake = () => assert.fail("it was asked for");
  trial.publish({ [host]: [{ app: "app", addresses: [app.address] }] });
  assert.equal((await ask(trial.http, host)).status, 200);
});

test("without its host an app that is awake is asked all the same, and the host as soon as it is back", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.end("ok"));
  let times = 0;
  trial.wake = async () => {
    times += 1;
    if (times < 3) throw new SlipError("unreachable", "wake.sock: ECONNREFUSED");
  };
  trial.publish({ [host]: [{ app: "app", addresses: [app.address], sleeps: sleeps() }] });
  assert.equal((await ask(trial.http, host)).body, "ok");
  assert.equal(times, 1);
  for (const end = Date.now() + 5_000; times < 3 && Date.now() < end; ) await sleep(20);
  await sleep(300);
  assert.equal(times, 3, "and then no more");
  assert.equal((await ask(trial.http, host)).body, "ok");
  assert.equal(times, 3);
});

test("one that sleeps on while its host is away is to be asked again later: 503; one that was woken and does not answer: 504", async (t) => {
  const trial = await startTrial(t, { responseMs: 500 });
  const app = await startApp(t, () => {});
  let isAway: boolean = true;
  trial.wake = async () => {
    if (isAway) throw new SlipError("unreachable", "wake.sock: ECONNREFUSED");
  };
  trial.publish({ [host]: [{ app: "app", addresses: [app.address], sleeps: sleeps() }] });
  const asleep = await ask(trial.http, host);
  assert.deepEqual([asleep.status, asleep.headers["retry-after"]], [503, "1"]);
  isAway = false;
  // It is asked again and again until it is back.
  await sleep(500);
  assert.equal((await ask(trial.http, host)).status, 504);
});

test("what does not take connections waits for a host that is away, and is asked again when it is awake", async (t) => {
  const trial = await startTrial(t);
  const server = http.createServer((_, response) => response.end("ok"));
  t.after(() => server.close());
  const port = await new Promise<number>((resolve) => {
    const taken = net.createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = taken.address() as net.AddressInfo;
      taken.close(() => resolve(free));
    });
  });
  let times = 0;
  trial.wake = async () => {
    times += 1;
    if (times < 3) throw new SlipError("unreachable", "wake.sock: ECONNREFUSED");
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  };
  trial.publish({ [host]: [{ app: "app", addresses: [`127.0.0.1:${port}`], sleeps: sleeps() }] });
  const answers = await Promise.all([ask(trial.http, host), ask(trial.http, host)]);
  assert.deepEqual(
    answers.map(({ status, body }) => `${status} ${body}`),
    ["200 ok", "200 ok"],
  );
  assert.equal(times, 3);
});

test("what says that nothing was done with a request waits for a host that is away, and is asked again when it is awake", async (t) => {
  const trial = await startTrial(t);
  let isAwake = false;
  const asked: string[] = [];
  const app = await startApp(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (isAwake) response.end("ok");
    else response.writeHead(503, { "slip-asleep": "1" }).end("nothing here");
  });
  let times = 0;
  trial.wake = async () => {
    times += 1;
    if (times < 3) throw new SlipError("unreachable", "wake.sock: ECONNREFUSED");
    isAwake = true;
  };
  trial.publish({ [host]: [{ app: "app", addresses: [app.address], sleeps: sleeps() }] });
  const first = await ask(trial.http, host, { path: "/first" });
  assert.deepEqual([first.status, first.body, asked], [200, "ok", ["GET /first", "GET /first"]]);
  isAwake = false;
  const second = await ask(trial.http, host, { path: "/second" });
  assert.deepEqual([second.status, second.headers["retry-after"]], [503, "1"]);
  assert.match(trial.logs.lines.at(-1)?.text ?? "", / 503 .*\(the instance takes no connection\)$/);
  const posted = await ask(trial.http, host, { method: "POST", body: "a body that is gone" });
  assert.deepEqual([posted.status, posted.body, posted.headers["slip-asleep"]], [503, "nothing here", undefined]);
});

const nothingHere = (response: http.ServerResponse): void => void response.writeHead(503, { "slip-asleep": "1" }).end("nothing here");

test("a request to a function goes ahead of the host's answer; one with a body, or that may not be repeated, waits for it", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (request, response) => request.on("end", () => response.end(request.method)).resume());
  const woken = Promise.withResolvers<void>();
  let times = 0;
  trial.wake = () => {
    times += 1;
    return woken.promise;
  };
  trial.publish({ [host]: [{ app: "app", addresses: [functionAddress(app.address)], sleeps: sleeps() }] });
  assert.deepEqual([(await ask(trial.http, host)).body, (await ask(trial.http, host, { method: "PUT" })).body, times], ["GET", "PUT", 1]);
  const answered: string[] = [];
  const others = [{ method: "POST" }, { method: "PUT", body: "x" }].map(async (of) => answered.push((await ask(trial.http, host, of)).body));
  await sleep(100);
  assert.deepEqual(answered, []);
  woken.resolve();
  await Promise.all(others);
  assert.deepEqual(new Set(answered), new Set(["POST", "PUT"]));
  assert.equal(times, 1);
});

test("the host is told of a request that went ahead, also when its answer does not come soon", async (t) => {
  const trial = await startTrial(t);
  const told = Promise.withResolvers<void>();
  const app = await startApp(t, (_, response) => void told.promise.then(() => response.end("ok")));
  trial.wake = async () => told.resolve();
  trial.publish({ [host]: [{ app: "app", addresses: [functionAddress(app.address)], sleeps: sleeps() }] });
  assert.equal((await ask(trial.http, host)).body, "ok");
});

test("one that went ahead waits for the host where nothing was done with it, and where the connection breaks before an answer", async (t) => {
  const trial = await startTrial(t);
  let isAwake = false;
  const refusals: ((response: http.ServerResponse) => unknown)[] = [nothingHere, (response) => response.socket?.destroy()];
  const app = await startApp(t, (_, response) => (isAwake ? response.end("ok") : refusals.shift()?.(response)));
  trial.wake = async () => {
    await sleep(100);
    isAwake = true;
  };
  for (const name of ["one", "two"]) {
    isAwake = false;
    trial.publish({ [host]: [{ app: name, addresses: [functionAddress(app.address)], sleeps: { workload: deploymentId(name), afterMs: 60_000 } }] });
    const answer = await ask(trial.http, host);
    assert.deepEqual([answer.status, answer.body], [200, "ok"], name);
  }
  assert.deepEqual(refusals, []);
});

test("one that went ahead for nothing is told to come again where the function cannot be woken, or still is not there then", async (t) => {
  const trial = await startTrial(t);
  let asked = 0;
  const app = await startApp(t, (_, response) => {
    asked += 1;
    nothingHere(response);
  });
  const answers = [() => Promise.reject(new SlipError("unhealthy")), () => Promise.resolve()];
  trial.wake = () => answers.shift()?.() ?? assert.fail("it was asked again");
  trial.publish({ [host]: [{ app: "app", addresses: [functionAddress(app.address)], sleeps: sleeps() }] });
  const refused = await ask(trial.http, host);
  assert.deepEqual([refused.status, refused.headers["retry-after"], asked], [503, "1", 1]);
  assert.match(trial.logs.lines[0]?.text ?? "", / 503 .*\(the app did not wake\)$/);
  assert.deepEqual([(await ask(trial.http, host)).status, asked], [503, 3]);
  assert.match(trial.logs.lines[1]?.text ?? "", / 503 .*\(the instance takes no connection\)$/);
});

test("an app that cannot be started: 503 with the time to try again, and the next request tries", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.end("ok"));
  const answers = [() => Promise.reject(new SlipError("unhealthy")), () => Promise.resolve()];
  trial.wake = () => answers.shift()?.() ?? assert.fail("it was asked again");
  trial.publish({ [host]: [{ app: "app", addresses: [app.address], sleeps: sleeps() }] });
  const refused = await ask(trial.http, host);
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [503, "1"]);
  assert.match(trial.logs.lines[0]?.text ?? "", / 503 .*\(the app did not wake\)$/);
  assert.equal((await ask(trial.http, host)).status, 200);
});

test("requests wait for so long, and so many of them; the rest are told to come again", async (t) => {
  const trial = await startTrial(t, { wakeMs: 400, wakeQueue: 3 });
  const app = await startApp(t, (_, response) => response.end("ok"));
  trial.wake = () => new Promise(() => {});
  trial.publish({ [host]: [{ app: "app", addresses: [app.address], sleeps: sleeps() }] });
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(trial.http, host)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([503]));
  const notes = trial.logs.lines.map(({ text }) => /\((.*)\)$/.exec(text)?.[1]);
  assert.deepEqual(notes.filter((note) => note === "too many requests wait for the app to wake").length, 2);
  assert.deepEqual(notes.filter((note) => note === "the app did not wake in time").length, 3);
});

test("a body that comes while the app wakes comes to it whole", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (request, response) => request.pipe(response));
  trial.wake = () => sleep(100);
  trial.publish({ [host]: [{ app: "app", addresses: [app.address], sleeps: sleeps() }] });
  const body = "x".repeat(300_000);
  assert.ok((await ask(trial.http, host, { method: "POST", body })).body === body);
});
