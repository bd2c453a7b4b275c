import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventBody } from "@slipstream/contract/events.ts";
import { LogLine } from "@slipstream/contract/logs.ts";
import { Plan } from "@slipstream/contract/plan.ts";
import type { Topic } from "@slipstream/contract/words.ts";
import { Webhook } from "standardwebhooks";
import { Installation } from "./installation.ts";
import { failuresOf, steadyLoad } from "./load.ts";
import { newTree, nodeProgram, writeTree } from "./sources.ts";

const program = (word: string): string =>
  `const self = require("node:crypto").randomUUID();\nconsole.log("${word} started");\n${nodeProgram(`(console.log("${word} asked " + request.url), JSON.stringify({ word: "${word}", self, colour: process.env.COLOUR }))`)}`;

describe("the settings of an app", () => {
  const installation = new Installation();
  const source = newTree("shop", { "package.json": '{ "name": "shop", "scripts": { "start": "node server.js" } }\n', "server.js": program("one") });
  const asked = async (app = "shop"): Promise<{ word: string; self: string; colour?: string }> => JSON.parse((await installation.request(app)).body);
  const lines = async (...args: string[]): Promise<LogLine[]> =>
    (await installation.expect(0, ["logs", "shop", "--json", ...args]))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => LogLine.parse(JSON.parse(line)));
  const told: { headers: Record<string, string>; body: string }[] = [];
  const receiver = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    told.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
    response.writeHead(204).end();
  });
  let secret = "";
  before(async () => {
    receiver.listen(0, "127.0.0.1");
    await once(receiver, "listening");
    const { port } = receiver.address() as AddressInfo;
    await installation.up({ SLIP_WEBHOOK_HOSTS: `127.0.0.1:${port}` });
    secret = (JSON.parse(await installation.expect(0, ["webhooks", "add", `http://127.0.0.1:${port}/`, "--json"])) as { secret: string }).secret;
    await installation.deployLive(source);
  });
  after(async () => {
    receiver.close();
    await installation.end();
  });

  it("env: a change is live at once, without a failed request", async () => {
    const load = steadyLoad(installation, "shop");
    await installation.expect(0, ["env", "set", "shop", "COLOUR=green"]);
    assert.equal((await asked()).colour, "green");
    await installation.expect(0, ["env", "rm", "shop", "COLOUR"]);
    assert.equal((await asked()).colour, undefined);
    assert.deepEqual(failuresOf(await load.stop()), []);
  });

  it("scale: several instances answer, and fewer again, without a failed request", async () => {
    const load = steadyLoad(installation, "shop");
    await installation.expect(0, ["scale", "shop", "3"]);
    await pause(1_000);
    await installation.expect(0, ["scale", "shop", "1"]);
    const samples = await load.stop();
    assert.deepEqual(failuresOf(samples), []);
    assert.ok(new Set(samples.map((sample) => (JSON.parse(sample.body) as { self: string }).self)).size >= 3);
  });

  it("restart: other instances, no failed request", async () => {
    const { self } = await asked();
    const load = steadyLoad(installation, "shop");
    await installation.expect(0, ["restart", "shop"]);
    assert.notEqual((await asked()).self, self);
    assert.deepEqual(failuresOf(await load.stop()), []);
  });

  it("domains: another name serves it, until it is removed", async () => {
    await installation.expect(0, ["domains", "add", "shop", "shop.example.test"]);
    assert.equal((await asked("shop.example.test")).word, "one");
    assert.match(await installation.expect(0, ["domains", "list", "shop"]), /shop\.example\.test/);
    await installation.expect(0, ["domains", "rm", "shop", "shop.example.test"]);
    await assert.rejects(async () => assert.equal((await installation.request("shop.example.test")).status, 200));
  });

  it("logs: lines of what is gone stay, with their tags; they can be searched and followed", async () => {
    writeTree(source, { "server.js": program("two") });
    const { deployment } = await installation.deployLive(source);
    await installation.request("shop", "/needle");
    await pause(500);
    const all = await lines();
    assert.ok(all.some((line) => line.text === "one started"));
    assert.ok(all.some((line) => line.text === "two started" && line.deployment === deployment && line.app === "shop" && line.instance !== ""));
    assert.deepEqual([...new Set((await lines("--grep", "needle")).map((line) => line.text))], ["two asked /needle"]);
    assert.ok((await lines("--deployment", deployment ?? "")).every((line) => line.deployment === deployment));
    assert.ok((await lines("--build")).every((line) => line.source === "build"));
    assert.ok((await lines("--edge")).some((line) => line.source === "edge" && line.text.includes("/needle")));
  });

  it("plans: what was shown is what is done, once, and only while nothing has moved", async () => {
    const planned = async (): Promise<Plan> => Plan.parse(JSON.parse(await installation.expect(0, ["deploy", source, "--plan", "--json"])));
    writeTree(source, { "server.js": program("three"), "slip.toml": '[run]\nmemory = "300MB"\n' });
    const { word } = await asked();
    const [first, second] = [await planned(), await planned()];
    const named = Object.fromEntries(first.changes.map((change) => [change.what, change]));
    assert.equal(named.files?.to, "3: 1 added, 1 changed, 0 removed");
    assert.deepEqual(named["slip.toml run.memory"], { what: "slip.toml run.memory", to: "300MB" });
    assert.ok(named["file server.js"]?.from !== undefined && named["file server.js"].to !== undefined);
    assert.equal((await asked()).word, word, "planning has changed nothing");
    assert.match(await installation.expect(0, ["apply", first.plan]), /^https:\/\/shop\.slip\.localhost/);
    assert.equal((await asked()).word, "three");
    const again = await installation.slip(["apply", first.plan, "--json"]);
    assert.deepEqual([again.code, (JSON.parse(again.stdout) as { error: { code: string } }).error.code], [2, "plan_applied"]);
    const stale = await installation.slip(["apply", second.plan, "--json"]);
    assert.deepEqual([stale.code, (JSON.parse(stale.stdout) as { error: { code: string } }).error.code], [2, "plan_stale"]);
  });

  it("destroy: nothing of it answers, and its name is kept; purge: its name is free", async () => {
    const refused = await installation.slip(["destroy", "shop"]);
    assert.equal(refused.code, 2, "in a pipe it needs --yes");
    await installation.expect(0, ["destroy", "shop", "--yes"]);
    assert.equal((await installation.request("shop")).status, 404);
    const status = JSON.parse(await installation.expect(0, ["status", "--json"])) as { host?: { workloads: unknown[] } };
    assert.deepEqual(status.host?.workloads, []);
    const kept = await installation.slip(["deploy", source]);
    assert.deepEqual([kept.code, kept.stderr.match(/slip (restore|destroy) shop/)?.[1]], [2, "restore"], kept.stderr);
    assert.ok(
      (await lines()).some((line) => line.text === "one started"),
      "its lines can be read",
    );
    await installation.expect(0, ["destroy", "shop", "--purge", "--yes"]);
    const again = await installation.deployLive(source);
    assert.equal(again.release, 1);
    assert.ok(!(await lines()).some((line) => line.text === "one started"), "the old lines are gone");
  });

  it("webhooks: all of it was told, signed, with what the contract says and nothing else", async () => {
    const events = (): { type: Topic; data: Record<string, unknown> }[] =>
      told.map(({ headers, body }) => new Webhook(secret).verify(body, headers) as { type: Topic; data: Record<string, unknown> });
    const isTold = (topic: Topic): boolean => events().some(({ type }) => type === topic);
    for (let attempt = 0; attempt < 100 && !(isTold("app.destroyed") && isTold("app.purged")); attempt += 1) await pause(100);
    for (const event of events()) {
      eventBody(event.type).parse(event);
      assert.deepEqual(
        Object.keys(event.data).filter((field) => !(field in eventBody(event.type).shape.data.shape)),
        [],
      );
    }
    const kinds = events().flatMap(({ type, data }) => (type === "deployment.live" ? [data.kind] : [type]));
    const ends = ["app.destroyed", "app.purged"];
    assert.deepEqual(new Set(kinds), new Set(["app.created", "deploy", "config", "restart", "domain.added", "domain.removed", ...ends]));
  });
});
