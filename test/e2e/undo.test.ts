import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Client } from "@slipstream/contract/client.ts";
import { JournalEntry } from "@slipstream/contract/words.ts";
import { z } from "zod";
import { DeployResult } from "./installation.ts";
import { jointInstallation } from "./joint-installation.ts";
import { newTree, nodeFiles, writeTree } from "./sources.ts";

const Undone = z.object({ entry: z.string(), operation: z.string(), deployment: DeployResult.nullable() });

/** Answers with what it was made of and what it was given. */
const program = (word: string): Record<string, string> =>
  nodeFiles(`JSON.stringify({ word: "${word}", token: process.env.TOKEN, colour: process.env.COLOUR, bytes: "${word}".repeat(2_000) })`);

describe("undo of what is live", () => {
  const installation = jointInstallation();
  const app = "regretted";
  const host = "regretted.example.test";
  const source = newTree(app, program("one"));
  const ask = async (): Promise<string> => (await installation.request(app)).body;
  const said = async (): Promise<object> => {
    const { bytes: _, ...rest } = JSON.parse(await ask()) as Record<string, string>;
    return rest;
  };
  const journal = async (): Promise<JournalEntry[]> =>
    z.object({ entries: z.array(JournalEntry) }).parse(JSON.parse(await installation.expect(0, ["journal", app, "--json"]))).entries;
  const undo = async (entry: string | undefined): Promise<z.infer<typeof Undone>> =>
    Undone.parse(JSON.parse(await installation.expect(0, ["undo", entry ?? "", "--json"])));
  const undoLast = async (): Promise<z.infer<typeof Undone>> => undo((await journal())[0]?.id);
  /** Of what an audit finds, what is about the app: others use the platform meanwhile. */
  const findings = async (): Promise<unknown[]> => {
    const token = readFileSync(join(installation.home, "token"), "utf8").trim();
    const client = new Client({ endpoint: { socketPath: join(installation.home, "run/control/control.sock") }, token });
    return (await client.call("platform.audit", {})).findings.filter((finding) => JSON.stringify(finding).includes(app));
  };
  before(async () => {
    await installation.up();
    await installation.expect(0, ["apps", "create", app]);
    await installation.expect(0, ["secrets", "set", app, "TOKEN=first-value"]);
    await installation.deployLive(source, ["--domain", host]);
  });
  after(() => installation.end());

  it("a destroyed app answers again with the same bytes and secrets, at each of its names", async () => {
    const before = await ask();
    await installation.expect(0, ["destroy", app, "--yes"]);
    for (const name of [app, host]) assert.equal((await installation.request(name)).status, 404, name);
    assert.deepEqual(await findings(), []);
    const { operation, deployment } = await undoLast();
    assert.deepEqual([operation, deployment?.outcome, deployment?.release], ["apps.restore", "live", 1]);
    assert.equal(await ask(), before);
    assert.equal((await installation.request(host)).body, before);
    assert.deepEqual(await findings(), []);
  });

  it("a secret has its earlier value again, which is in no entry", async () => {
    await installation.expect(0, ["secrets", "set", app, "TOKEN=second-value", "COLOUR=red"]);
    assert.deepEqual(await said(), { word: "one", token: "second-value", colour: "red" });
    await undoLast();
    assert.deepEqual(await said(), { word: "one", token: "first-value" });
    assert.doesNotMatch(JSON.stringify(await journal()), /first-value|second-value/);
  });

  it("a deploy goes back to what was live before it, and comes again", async () => {
    writeTree(source, program("two"));
    await installation.deployLive(source);
    const { entry, operation } = await undoLast();
    assert.deepEqual([operation, await said()], ["releases.rollback", { word: "one", token: "first-value" }]);
    await undo(entry);
    assert.deepEqual(await said(), { word: "two", token: "first-value" });
  });

  it("what a later change would suffer from is refused, with its name; what failed has changed nothing", async () => {
    writeTree(source, program("three"));
    await installation.deployLive(source);
    const deployed = (await journal())[0]?.id ?? "";
    await installation.expect(0, ["env", "set", app, "COLOUR=blue"]);
    const later = (await journal())[0]?.id ?? "";
    const refused = await installation.slip(["undo", deployed]);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      new RegExp(`^error: There is a later change to the same thing: env\\.set by owner at .* \\(${later}\\); undo that first\\.\nnext: `),
    );
    assert.deepEqual(await said(), { word: "three", token: "first-value", colour: "blue" });
    writeTree(source, { "server.js": "process.exit(3);\n" });
    assert.equal((await installation.deploy(source)).outcome, "failed");
    assert.match((await installation.slip(["undo", (await journal())[0]?.id ?? ""])).stderr, /did not become live, so jrn_\w+ changed nothing/);
    await undo(later);
    await undo(deployed);
    assert.deepEqual(await said(), { word: "two", token: "first-value" });
  });
});
