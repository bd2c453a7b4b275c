// Sources that stand in the call, and a command that runs once: what an agent does without a folder.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "@slipstream/contract/client.ts";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf, OutputOf } from "@slipstream/contract/operations/registry.ts";
import { Plan } from "@slipstream/contract/plan.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import { jointInstallation } from "./joint-installation.ts";
import { newTree, nodeFiles, nodeProgram } from "./sources.ts";

type Asked = InputOf<"deployments.create">;
type Ran = OutputOf<"apps.run">;

describe("sources in the call", () => {
  const installation = jointInstallation();
  const name = "given";
  let client: Client;
  before(async () => {
    await installation.up();
    const endpoint = { url: `https://slip.localhost:${installation.httpsPort}`, ca: installation.ca };
    client = new Client({ endpoint, token: readFileSync(join(installation.home, "token"), "utf8").trim() });
  });
  after(() => installation.end());

  const deploy = async (asked: Asked): Promise<Deployment> => {
    const { deployment } = await client.call("deployments.create", asked);
    return client.call("deployments.wait", { deployment, timeoutMs: 120_000 });
  };
  const live = async (asked: Asked): Promise<Deployment> => {
    const ended = await deploy(asked);
    assert.equal(ended.state, "live", JSON.stringify(ended));
    return ended;
  };
  const filesOf = (files: Record<string, string>) => Object.entries(files).map(([path, text]) => ({ path, text }));
  const run = (command: InputOf<"apps.run">["command"], more: Partial<InputOf<"apps.run">> = {}): Promise<Ran> =>
    client.call("apps.run", { app: name, command, ...more });
  const textsOf = ({ lines }: Ran): string[] => lines.map(({ text }) => text);

  it("make a broken app, which is mended by the one file that was wrong", async () => {
    const broken = await deploy({
      app: name,
      source: { kind: "files", files: filesOf({ ...nodeFiles("greeting()"), "server.js": 'require("./none.js");' }) },
    });
    assert.equal(broken.state, "failed", JSON.stringify(broken));
    const server = `const { greeting } = require("./greeting.js");\n${nodeProgram("greeting()")}`;
    const greeting = (word: string) => `exports.greeting = () => ${JSON.stringify(word)};\n`;
    const files = filesOf({ "server.js": server, "greeting.js": greeting("hello") });
    await live({ source: { kind: "files", files, base: broken.deployment } });
    assert.equal((await installation.request(name)).body, "hello");
    await live({ app: name, source: { kind: "files", files: filesOf({ "greeting.js": greeting("good evening") }), base: "live" } });
    assert.equal((await installation.request(name)).body, "good evening");
    const folder = newTree("patch", { "greeting.js": greeting("from the command line") });
    await installation.expect(0, ["patch", name, "greeting.js"], { cwd: folder });
    assert.equal((await installation.request(name)).body, "from the command line");
  });

  for (const [language, code, says] of [
    ["html", "<!doctype html><title>t</title><h1>Hello of a page</h1>", /Hello of a page/],
    [
      "node",
      'import http from "node:http";\nhttp.createServer((_, answer) => answer.end("hello of a module")).listen(process.env.PORT);\n',
      /^hello of a module$/,
    ],
    [
      "python",
      `import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello of a script")

HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Hello).serve_forever()
`,
      /^hello of a script$/,
    ],
  ] as const)
    it(`make an app of a snippet: ${language}`, async () => {
      const { app, url } = await live({ source: { kind: "snippet", code } });
      assert.equal(url, `https://${app}.slip.localhost:${installation.httpsPort}`);
      assert.match((await installation.request(app)).body, says);
    });

  it("run a command in what is live, with its secrets and limits, and keep its lines", async () => {
    await installation.expect(0, ["secrets", "set", name, "KEY=the-secret-key"]);
    const ran = await run("echo $SLIP_APP $SLIP_RELEASE $KEY; cat greeting.js; id -u >&2; exit 7");
    assert.partialDeepStrictEqual(ran, { exitCode: 7, timedOut: false, outOfMemory: false, omitted: 0 });
    assert.match(textsOf(ran).join("\n"), new RegExp(`${name} ${ran.release} \\[redacted\\]`));
    assert.ok(textsOf(ran).some((text) => text.includes("from the command line")));
    assert.ok(Number(ran.lines.find(({ stream }) => stream === "stderr")?.text) > 65_535, "not as root");
    const { exitCode, timedOut } = await run(["sleep", "30"], { timeoutMs: 700 });
    assert.deepEqual([exitCode, timedOut], [137, true]);
    assert.equal((await run(["node", "-e", "const all = []; for (;;) all.push(Buffer.alloc(2 ** 24, 1))"])).outOfMemory, true);
    const [entry] = (await client.call("journal.list", { app: name })).entries;
    assert.equal(entry?.operation, "apps.run");
    assert.equal((await installation.request(name)).body, "from the command line", "it did not disturb what serves");
    const shown = await installation.slip(["run", name, "--", "sh", "-c", "echo out; echo err >&2; exit 9"]);
    assert.deepEqual(shown, { code: 9, stdout: "out\n", stderr: "err\n" });
  });

  it("run a command by its plan, which shows no secret, and end as the command does", async () => {
    const words = ["sh", "-c", "echo the-secret-key; exit 9"];
    const planned = await installation.expect(0, ["run", name, "--plan", "--json", "--", ...words]);
    assert.match(planned, /echo \[redacted\]; exit 9/);
    assert.doesNotMatch(planned, /the-secret-key/);
    const { plan } = Plan.parse(JSON.parse(planned));
    assert.deepEqual(await installation.slip(["apply", plan]), { code: 9, stdout: "[redacted]\n", stderr: "" });
    assert.equal((await installation.slip(["apply", plan])).code, 2, "once");
  });

  it("run a command once for one idempotency key", async () => {
    const ask = () => client.call("apps.run", { app: name, command: ["node", "-p", "crypto.randomUUID()"] }, { idempotencyKey: "once-and-only" });
    const first = await ask();
    assert.deepEqual(await ask(), first);
  });

  it("end a command whose caller goes away", async () => {
    const runs = (): string[] => readdirSync(join(installation.home, "run", "runs")).filter((folder) => folder.startsWith("run-run_"));
    const until = async (holds: () => boolean): Promise<void> => {
      for (const end = performance.now() + 20_000; !holds(); await pause(50)) assert.ok(performance.now() < end, runs().join());
    };
    const going = new AbortController();
    const ended = installation.slip(["run", name, "--timeout", "5m", "--", "sleep", "290"], { interrupt: going.signal });
    await until(() => runs().length > 0);
    going.abort();
    await until(() => runs().length === 0);
    await ended;
  });

  it("are followed by events through the edge, and their logs too", async () => {
    const token = readFileSync(join(installation.home, "token"), "utf8").trim();
    const headers = { accept: "text/event-stream", authorization: `Bearer ${token}` };
    const { deployments } = await client.call("deployments.list", { app: name, limit: 1 });
    const told = await installation.request("slip.localhost", `/v1/deployments/${deployments[0]?.deployment}/events`, { headers });
    assert.match(told.body, /^retry: \d+\n\nid: live:.*\nevent: deployment\ndata: \{.*\}\n\nevent: end\n/);
    const lines = await installation.request("slip.localhost", `/v1/apps/${name}/logs?grep=${encodeURIComponent("[redacted]")}`, { headers });
    const last = [...lines.body.matchAll(/^id: (.*)$/gm)].at(-1)?.[1];
    assert.ok(last, lines.body);
    const again = await installation.request("slip.localhost", `/v1/apps/${name}/logs`, { headers: { ...headers, "last-event-id": last } });
    assert.doesNotMatch(again.body, /\[redacted\]/, "what was seen is not told again");
  });

  it("refuse a command of an app that has gone", async () => {
    await client.call("apps.create", { app: "given-empty" });
    await assert.rejects(client.call("apps.run", { app: "given-empty", command: ["true"] }), (error) => (error as SlipError).code === "conflict");
  });
});
