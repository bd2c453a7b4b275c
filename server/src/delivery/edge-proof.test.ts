import assert from "node:assert/strict";
import type http from "node:http";
import { test } from "node:test";
import { deploymentId, startApp, startRawApp, startTrial, until } from "./edge-trial.ts";

const host = "app.localhost";
const proof = { host, path: "/health" };
const patienceMs = 10_000;

test("an edge that asks itself is answered by the release that clients are answered by", async (t) => {
  const trial = await startTrial(t);
  const asked: (string | undefined)[] = [];
  const app = await startApp(t, (request, response) => {
    asked.push(request.url, request.headers["x-forwarded-proto"] as string, request.headers["slip-prove"] as string | undefined);
    response.writeHead(404, { "slip-deployment": deploymentId("forged") }).end("none");
  });
  trial.publish({ [host]: [{ app: "app", deployment: "two", addresses: [app.address] }] });
  assert.deepEqual(await trial.edge.prove(proof, patienceMs), { status: 404, deployment: deploymentId("two"), artifact: `sha256:${"a".repeat(64)}` });
  assert.deepEqual(asked, ["/health", "https", undefined]);
});

test("what answers for no release says so, and what is no table yet answers nothing", async (t) => {
  const trial = await startTrial(t);
  assert.equal(await trial.edge.prove(proof, patienceMs), undefined);
  trial.publish({ [host]: [{ app: "app", addresses: [] }] });
  assert.deepEqual(await trial.edge.prove({ ...proof, host: "other.localhost" }, patienceMs), { status: 404 });
  assert.equal((await trial.edge.prove(proof, patienceMs))?.status, 503);
});

test("an answer that comes late is waited for by nobody, and keeps no connection", async (t) => {
  const trial = await startTrial(t);
  let held: http.ServerResponse | undefined;
  const app = await startApp(t, (_, response) => {
    held = response;
  });
  trial.publish({ [host]: [{ app: "app", addresses: [app.address] }] });
  assert.equal(await trial.edge.prove(proof, 500), undefined);
  assert.ok(held);
  await until(() => trial.edge.status().connections === 0, "the connection's end");
  await until(() => trial.edge.inFlight(deploymentId("app")) === 0, "the request's end");
});

test("an interim answer proves nothing, and a broken one is a 502", async (t) => {
  const trial = await startTrial(t);
  const early = await startRawApp(t, (socket) => socket.write("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
  trial.publish({ [host]: [{ app: "app", addresses: [early] }] });
  assert.equal((await trial.edge.prove(proof, patienceMs))?.status, 200);
  const broken = await startRawApp(t, (socket) => socket.end("what\r\n\r\n"));
  trial.publish({ [host]: [{ app: "app", addresses: [broken] }] });
  assert.equal((await trial.edge.prove(proof, patienceMs))?.status, 502);
});
