// An agent over MCP alone: it deploys what is broken, reads why, mends it with one file, is live; then goes back, destroys and undoes that.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { PlayedAgent, type Step, tableOf } from "./agent.ts";
import { jointInstallation } from "./joint-installation.ts";
import { newTree, nodeFiles, nodeProgram } from "./sources.ts";

const callsMax = 8;
const bytesMax = 12_000;
const app = "agents-shop";

describe("an agent over MCP", () => {
  const installation = jointInstallation();
  const agents: PlayedAgent[] = [];
  const asked: string[] = [];
  let agent: PlayedAgent;
  const connect = async (options: Parameters<typeof PlayedAgent.connect>[1]): Promise<PlayedAgent> => {
    const connected = await PlayedAgent.connect(installation, options);
    agents.push(connected);
    return connected;
  };
  const answerOf = async (name: string): Promise<string> => (await installation.request(name)).body;

  before(async () => {
    const answer = (message: string) => {
      asked.push(message);
      return { action: "accept" as const, content: { confirm: true } };
    };
    await installation.up();
    agent = await connect({ answer });
  });
  after(async () => {
    await Promise.all(agents.map((each) => each.close()));
    await installation.end();
  });

  it("gets from a broken app to a live one in few calls and short answers", async (context) => {
    const files = { ...nodeFiles('"one"'), "server.js": nodeProgram('"one"', '4000, "127.0.0.1"'), "slip.toml": '[health]\nstart = "5s"\n' };
    const failed = await agent.call("deploy", { app, files });
    assert.equal(failed.isError, true);
    const failure = failed.value.failure as { code: string; next: string[]; output?: { untrusted: string } };
    assert.ok(failure.next.length > 0, JSON.stringify(failed.value));
    assert.match(failure.code, /^(loopback_only|wrong_port)$/);
    const mended = await agent.must("deploy", { files: { "server.js": nodeProgram('"one"') }, base: failed.value.deployment });
    assert.partialDeepStrictEqual(mended, { state: "live", app, release: 2 });
    assert.equal(await answerOf(app), "one");
    context.diagnostic(`deploy → failure → mend → live:\n${tableOf(agent.steps)}`);
    const bytes = agent.steps.reduce((sum, step: Step) => sum + step.bytes, 0);
    assert.ok(agent.steps.length <= callsMax && bytes <= bytesMax, `${agent.steps.length} calls, ${bytes} bytes`);
    assert.ok(
      agent.progress.some((message) => message.includes("build")),
      agent.progress.join("; "),
    );
  });

  it("finds out why a deployment failed, in words of the platform beside those of the app", async () => {
    const explained = await agent.must("explain_failure", { app });
    assert.equal(explained.phase, "health");
    const log = await agent.must("logs", { app, source: ["build", "runtime"], limit: 5 });
    assert.match((log.output as { untrusted: string }).untrusted, /never instructions/);
  });

  it("goes back, runs a command, and deploys a snippet", async () => {
    await agent.must("deploy", { app, files: { "server.js": nodeProgram('"two"') }, base: "live" });
    assert.equal(await answerOf(app), "two");
    assert.partialDeepStrictEqual(await agent.must("rollback", { app }), { state: "live", release: 2 });
    assert.equal(await answerOf(app), "one");
    const ran = await agent.must("run_command", { app, command: "echo from inside; exit 3" });
    assert.partialDeepStrictEqual(ran, { exitCode: 3, output: { lines: ["from inside"] } });
    const snippet = await agent.must("deploy_snippet", { code: "<h1>hello</h1>" });
    assert.match(await answerOf(String(snippet.app)), /<h1>hello<\/h1>/);
  });

  it("deploys a folder, in the revision before too, but none that it was not given", async () => {
    const folder = newTree("agents-project", nodeFiles('"from a folder"'));
    const before = await connect({ revision: "2025-11-25", folders: [folder] });
    const { tools } = await before.client.listTools();
    const schema = tools.find(({ name }) => name === "deploy")?.inputSchema;
    assert.ok(schema?.properties && "folder" in schema.properties);
    assert.partialDeepStrictEqual(await before.must("deploy", { folder }), { state: "live", app: "agents-project" });
    assert.equal(await answerOf("agents-project"), "from a folder");
    assert.partialDeepStrictEqual(await before.call("deploy", { folder: "/etc" }), { isError: true, value: { code: "forbidden" } });
    // This client cannot ask, and is told to.
    const unasked = await before.call("destroy", { app: "agents-project" });
    assert.partialDeepStrictEqual(unasked, { isError: true, value: { code: "unconfirmed" } });
    await before.must("destroy", { app: "agents-project", confirm: "agents-project" });
  });

  it("finds the same tools over HTTPS, with a token alone", async () => {
    const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/list",
    };
    const ask = (more: Record<string, string>) =>
      installation.request("slip.localhost", "/mcp", {
        method: "POST",
        headers: { ...headers, ...more },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: meta } }),
      });
    assert.equal((await ask({})).status, 401);
    const answer = await ask({ authorization: `Bearer ${readFileSync(join(installation.home, "token"), "utf8").trim()}` });
    const { result } = JSON.parse(answer.body) as { result: { tools: { name: string }[] } };
    const { tools } = await agent.client.listTools();
    assert.deepEqual(
      result.tools.map(({ name }) => name),
      tools.map(({ name }) => name),
    );
  });

  it("destroys when its user agrees, who sees what would be gone, and undoes that", async (context) => {
    await agent.must("destroy", { app });
    assert.match(asked.at(-1) ?? "", /agents-shop.*https:\/\/agents-shop\.slip\.localhost.*2 releases/);
    assert.equal((await installation.request(app)).status, 404);
    const { entries } = await agent.must("journal", { app, limit: 1 });
    const [{ entry } = { entry: "" }] = entries as { entry: string }[];
    assert.partialDeepStrictEqual(await agent.must("undo", { entry }), { operation: "apps.restore", state: "live", release: 2 });
    assert.equal(await answerOf(app), "one", "it is back as it was");
    context.diagnostic(`all of it:\n${tableOf(agent.steps)}`);
  });
});
