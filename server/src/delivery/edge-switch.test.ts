import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { ask, deploymentId, proofKey, startApp, startTrial, trialTable, until } from "./edge-trial.ts";

test("a switch under load: no request fails, each answer is of one release, none of the old one after it", async (t) => {
  const trial = await startTrial(t, { drainMs: 30_000 });
  const release = (name: string) =>
    startApp(t, (request, response) => {
      response.write(`${name} `);
      request.on("data", () => {});
      setTimeout(() => response.end(name), 2);
    });
  const apps = { one: await release("one"), two: await release("two") };
  const serve = (name: "one" | "two") => trial.publish({ "app.localhost": [{ app: "app", deployment: name, addresses: [apps[name].address] }] });
  serve("one");
  const agent = new http.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  let running: boolean = true;
  let count = 0;
  const client = async (): Promise<void> => {
    while (running) {
      const answer = await ask(trial.http, "app.localhost", { agent, ...(count % 3 === 0 ? { method: "POST", body: "x".repeat(2_000) } : {}) });
      count += 1;
      assert.equal(answer.status, 200);
      assert.match(answer.body, /^(one one|two two)$/);
    }
  };
  const clients = Array.from({ length: 16 }, client);
  for (const name of ["two", "one", "two", "one", "two"] as const) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    serve(name);
    assert.match((await ask(trial.http, "app.localhost")).body, new RegExp(name));
  }
  running = false;
  await Promise.all(clients);
  assert.ok(count > 100, `${count} requests`);
  assert.equal(trial.edge.inFlight(deploymentId("one")), 0);
});

test("a request under way ends on the old release, and is counted until then", async (t) => {
  const trial = await startTrial(t);
  let held: http.ServerResponse | undefined;
  const old = await startApp(t, (_, response) => {
    held = response;
  });
  const fresh = await startApp(t, (_, response) => response.end("new"));
  trial.publish({ "app.localhost": [{ app: "app", deployment: "old", addresses: [old.address] }] });
  const slow = ask(trial.http, "app.localhost");
  await until(() => held !== undefined, "the request");
  trial.publish({ "app.localhost": [{ app: "app", deployment: "new", addresses: [fresh.address] }] });
  assert.equal((await ask(trial.http, "app.localhost")).body, "new");
  assert.equal(trial.edge.inFlight(deploymentId("old")), 1);
  held?.end("old");
  assert.equal((await slow).body, "old");
  assert.equal(trial.edge.inFlight(deploymentId("old")), 0);
  assert.equal(trial.edge.inFlight(deploymentId("new")), 0);
});

test("connections to a release that no route leads to are closed", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.end("ok"));
  let open = 0;
  app.server.on("connection", (socket) => {
    open += 1;
    socket.on("close", () => (open -= 1));
  });
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  await ask(trial.http, "app.localhost");
  assert.equal(open, 1);
  trial.publish({});
  await until(() => open === 0, "the connection to close");
});

test("an app that changes and stays where it is keeps its connections", async (t) => {
  const trial = await startTrial(t);
  const app = await startApp(t, (_, response) => response.end("ok"));
  let connections = 0;
  app.server.on("connection", () => {
    connections += 1;
  });
  for (const deployment of ["one", "two", "three"]) {
    trial.publish({ "app.localhost": [{ app: "app", deployment, addresses: [app.address] }] });
    const { headers } = await ask(trial.http, "app.localhost", { headers: { "slip-prove": proofKey } });
    assert.equal(headers["slip-deployment"], deploymentId(deployment));
  }
  assert.equal(connections, 1);
});

test("an older table does not come back, and the version that holds is told", async (t) => {
  const trial = await startTrial(t);
  const publish = (version: number, host: string): number => {
    for (const message of trialTable(version, { [host]: [{ app: "app", addresses: [] }] }).messages()) trial.edge.take(message);
    return trial.edge.status().version;
  };
  assert.equal(publish(5, "five.localhost"), 5);
  assert.equal(publish(4, "four.localhost"), 5);
  assert.equal(trial.edge.routes()?.site("five.localhost") !== undefined, true);
  assert.equal(publish(6, "six.localhost"), 6);
  assert.deepEqual([trial.edge.routes()?.site("five.localhost"), trial.edge.routes()?.site("six.localhost")?.kind], [undefined, "app"]);
  assert.equal(trial.edge.status().version, 6);
});

test("requests are spread over the instances of a release", async (t) => {
  const trial = await startTrial(t);
  const counts = [0, 0, 0];
  const apps = await Promise.all(
    counts.map((_, index) =>
      startApp(t, (_, response) => {
        counts[index] = (counts[index] ?? 0) + 1;
        response.end("ok");
      }),
    ),
  );
  trial.publish({ "app.localhost": [{ app: "app", addresses: apps.map((app) => app.address) }] });
  await Promise.all(Array.from({ length: 150 }, () => ask(trial.http, "app.localhost")));
  for (const count of counts) assert.ok(count > 20, String(counts));
});

test("what outlasts its release is cut off when the time to drain is over; what came back to life is not", async (t) => {
  const trial = await startTrial(t, { drainMs: 400 });
  const app = await startApp(t, () => {});
  app.server.on("upgrade", (_, socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
  const serve = (): number => trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const open = (): Promise<{ ended: boolean }> =>
    new Promise((resolve, reject) => {
      const headers = { host: "app.localhost", connection: "Upgrade", upgrade: "websocket" };
      const request = http.get({ port: trial.http, host: "127.0.0.1", agent: false, headers });
      request.on("error", reject);
      request.on("upgrade", (_, socket) => {
        const tunnel = { ended: false };
        socket.resume().on("end", () => {
          tunnel.ended = true;
        });
        t.after(() => socket.destroy());
        resolve(tunnel);
      });
    });
  serve();
  const first = await open();
  trial.publish({});
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(first.ended, false);
  serve();
  await new Promise((resolve) => setTimeout(resolve, 900));
  assert.equal(first.ended, false);
  trial.publish({});
  await until(() => first.ended, "the end");
  await until(() => trial.edge.inFlight(deploymentId("app")) === 0, "the count");
});

test("how long requests of a deployment were under way is summed up, also while they are", async (t) => {
  const trial = await startTrial(t);
  const answer = Promise.withResolvers<void>();
  const app = await startApp(t, (_, response) => void answer.promise.then(() => response.end()));
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  const deployment = deploymentId("app");
  const asked = [ask(trial.http, "app.localhost"), ask(trial.http, "app.localhost")];
  await until(() => trial.edge.requestMs(deployment) >= 1_500, "the sum");
  answer.resolve();
  await Promise.all(asked);
  const sum = trial.edge.requestMs(deployment);
  trial.publish({ "app.localhost": [{ app: "app", addresses: [app.address] }] });
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(trial.edge.requestMs(deployment), sum, "it stays what it is while nothing is asked, over another table too");
});
