// Many deployments asked for at the same moment: none is lost, each ends in exactly one outcome, and those that wait can be cancelled.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "@slipstream/contract/client.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import { Installation } from "../e2e/installation.ts";
import { processesWith } from "../e2e/leftovers.ts";
import { nodeFiles } from "../e2e/sources.ts";
import { whole } from "../size.ts";

const apps = whole ? 50 : 4;
const ofOneApp = whole ? 200 : 20;
/** Of which two run and the others wait. */
const builds = 5;
/** Ample for a busy machine; what is promised is 2 s. */
const goneMs = 5_000;

/** Sends a tree, and gives its digest. */
const upload = async (client: Client, files: Readonly<Record<string, string>>): Promise<string> => {
  const blobs = Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text), sha256: createHash("sha256").update(text).digest("hex") }));
  const entries = blobs.map(({ path, bytes, sha256 }) => ({ type: "file" as const, path, sha256, size: bytes.length, executable: false }));
  const { source, missing } = await client.call("sources.check", { entries });
  for (const { sha256, bytes } of blobs) if (missing.includes(sha256)) await client.call("sources.upload", { sha256 }, { bytes });
  return source;
};

const ended = async (client: Client, { deployment }: Deployment): Promise<Deployment> => {
  for await (const state of client.lines("deployments.watch", { deployment })) if (!["waiting", "running"].includes(state.state)) return state;
  throw new Error(`Nothing more was told of ${deployment}.`);
};

describe("many deployments at once", () => {
  const installation = new Installation();
  let client: Client;
  const ask = (app: string, digest: string): Promise<Deployment> => client.call("deployments.create", { app, source: { kind: "tree", digest } });
  before(async () => {
    await installation.up();
    client = installation.client();
  });
  after(() => installation.end());

  it(`${ofOneApp} of one app: the newest is live, those that it overtook say so, and none is lost`, async (t) => {
    const digests: string[] = [];
    for (let index = 0; index < ofOneApp; index += 1) digests.push(await upload(client, nodeFiles(`"version ${index}"`)));
    const asked = await Promise.all(digests.map((digest) => ask("busy", digest)));
    const outcomes = await Promise.all(asked.map((each) => ended(client, each)));
    const newest = outcomes.toSorted((a, b) => a.deployment.localeCompare(b.deployment)).at(-1);
    assert.equal(newest?.state, "live");
    assert.equal((await installation.request("busy")).body, `version ${outcomes.indexOf(newest)}`);
    const others = outcomes.filter((each) => each !== newest);
    assert.deepEqual(
      others.filter(({ state, failure }) => state !== "live" && failure?.code !== "superseded"),
      [],
    );
    const superseded = others.filter(({ state }) => state === "cancelled").length;
    assert.ok(superseded > ofOneApp / 2, `of ${ofOneApp} that came at once only ${superseded} were overtaken while they waited`);
    t.diagnostic(`${ofOneApp} asked: ${ofOneApp - superseded} live, ${superseded} superseded`);
    const { deployments } = await client.call("deployments.list", { app: "busy", limit: ofOneApp });
    assert.equal(deployments.length, ofOneApp);
  });

  it(`of ${apps} apps with a build each: all are live`, async () => {
    const names = Array.from({ length: apps }, (_, index) => `app-${index}`);
    const files = (name: string) => ({ ...nodeFiles('require("node:fs").readFileSync("made")'), "slip.toml": `[build]\ncommand = "echo ${name} > made"\n` });
    const asked = await Promise.all(names.map(async (name) => ask(name, await upload(client, files(name)))));
    const outcomes = await Promise.all(asked.map((each) => ended(client, each)));
    assert.deepEqual(
      outcomes.filter(({ state }) => state !== "live"),
      [],
    );
    for (const name of names) assert.equal((await installation.request(name)).body, `${name}\n`);
  });

  it("builds that wait for their turn say so, and all that are cancelled are gone", async (t) => {
    const names = Array.from({ length: builds }, (_, index) => `slow-${index}`);
    const files = (index: number) => ({ ...nodeFiles("1"), "slip.toml": `[build]\ncommand = "sleep 47120${index}"\n` });
    const asked = await Promise.all(names.map(async (name, index) => ask(name, await upload(client, files(index)))));
    const waits = async (): Promise<number> => {
      const logs = await Promise.all(names.map((name) => installation.expect(0, ["logs", name, "--build"])));
      return logs.filter((log) => log.includes("waits for its turn")).length;
    };
    while (processesWith("sleep", "47120").length < 2) await pause(50);
    while ((await waits()) < builds - 2) await pause(50);
    const start = performance.now();
    await Promise.all(asked.map(({ deployment }) => client.call("deployments.cancel", { deployment })));
    const outcomes = await Promise.all(asked.map((each) => ended(client, each)));
    while (processesWith("sleep", "47120").length > 0 && performance.now() - start < goneMs) await pause(20);
    t.diagnostic(`cancelled and gone after ${Math.round(performance.now() - start)} ms`);
    assert.deepEqual(processesWith("sleep", "47120"), []);
    assert.deepEqual(
      outcomes.map(({ state }) => state),
      names.map(() => "cancelled"),
    );
  });
});
