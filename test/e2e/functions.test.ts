import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "@slipstream/contract/client.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import { placeIn } from "@slipstream/contract/ports/function-address.ts";
import type { HostStatus } from "@slipstream/contract/ports/host.ts";
import { scheduledPort } from "@slipstream/contract/ports/scheduled.ts";
import { repository } from "./installation.ts";
import { jointInstallation } from "./joint-installation.ts";
import { newTree, nodeFiles } from "./sources.ts";

/** Where the host process asks what holds the functions of a project. */
const controlPort = 9_999;

const installation = jointInstallation();
before(() => installation.up());
after(() => installation.end());

const program = `import { greeting } from "./greeting";
import process from "node:process";

interface Environment { WORD: string; KEY: string; LINES: string }

const reach = async (url: string): Promise<string> => {
  try {
    return String((await fetch(url, { signal: AbortSignal.timeout(2_000) })).status);
  } catch (error) {
    return (error as Error).name;
  }
};

const paths: Record<string, (request: Request, env: Environment, context: ExecutionContext) => unknown> = {
  "/env": (request, { WORD, KEY, LINES }) => Response.json({ WORD, KEY, LINES, ofProcess: process.env.WORD, url: request.url, hidden: process.env.PATH ?? "none" }),
  "/throw": () => { throw new Error("thrown by the function"); },
  "/nothing": () => undefined,
  "/later": (_request, _env, context) => {
    context.waitUntil(new Promise((done) => setTimeout(done, 300)).then(() => console.log("done later")));
    context.waitUntil(Promise.reject(new Error("failed later")));
    return new Response("answered");
  },
  "/timer": async () => {
    setTimeout((what: string) => { throw new Error(what); }, 10, "thrown in a timer");
    queueMicrotask(() => { throw new Error("thrown in between"); });
    await new Promise((done) => setTimeout(done, 100));
    return new Response("answered");
  },
  "/loop": () => { for (;;); },
  "/reach": async (request) => new Response(await reach(new URL(request.url).searchParams.get("url") ?? "")),
};

export default {
  fetch(request: Request, env: Environment, context: ExecutionContext): unknown {
    const { pathname } = new URL(request.url);
    console.log(\`asked for \${pathname}\`, { deep: { a: 1 } });
    const answer = paths[pathname];
    return answer === undefined ? new Response(greeting) : answer(request, env, context);
  },
};
`;
const files = (more = ""): Record<string, string> => ({
  "index.ts": program,
  "greeting.ts": 'export const greeting: string = "hello from a function";\n',
  "slip.toml": `[run.env]\nWORD = "from slip.toml"\nLINES = "one\\ntwo \\"three\\""\n${more}`,
});

const linesOf = async (app: string): Promise<LogLine[]> => Array.fromAsync(installation.client().lines("logs.read", { app, source: "runtime,platform" }));

/** Lines are written down a moment after they were said. */
const said = async (app: string, text: string, withinMs = 10_000): Promise<LogLine> => {
  for (const end = Date.now() + withinMs; ; await pause(200)) {
    const found = (await linesOf(app)).find((line) => line.text.includes(text));
    if (found) return found;
    assert.ok(Date.now() < end, `${app} did not say ${JSON.stringify(text)}`);
  }
};

const agentFor = async (namePrefix: string): Promise<Client> => {
  const token = `slip_${randomBytes(32).toString("base64url")}`;
  const sha256 = createHash("sha256").update(token).digest("hex");
  await installation.client().call("tokens.create", { name: `${namePrefix}agent`, sha256, grant: { verbs: ["read", "deploy"], namePrefix } });
  return new Client({ endpoint: { url: `https://slip.localhost:${installation.httpsPort}`, ca: installation.ca }, token });
};

/** In which network the function of a deployment is, once that is live. */
const networkOf = async (deployment: string): Promise<string> => {
  const owner = installation.client();
  assert.equal((await owner.call("deployments.wait", { deployment, timeoutMs: 60_000 })).state, "live");
  const { host } = await owner.call("platform.status", {});
  const { address = "" } = host?.workloads.find(({ id }) => id === deployment)?.instances[0] ?? {};
  return placeIn(address).split(":")[0] ?? "";
};

// Most of it is waiting: for the next minute, for a rest, for what cannot be reached.
describe("functions", { concurrency: true }, () => {
  for (const sandbox of ["runc", "gvisor"] as const)
    describe(`a function in ${sandbox}`, { concurrency: 1 }, () => {
      const app = `function-${sandbox}`;
      before(async () => {
        await installation.deployLive(newTree(app, files()), ["--sandbox", sandbox]);
      });

      it("answers", async () => {
        const answer = await installation.request(app);
        assert.deepEqual([answer.status, answer.body], [200, "hello from a function"]);
      });

      it("has its variables and secrets, and none of the platform's plumbing", async () => {
        await installation.expect(0, ["secrets", "set", app, "KEY"], { input: "s3cret of the function" });
        const { url, ...found } = JSON.parse((await installation.request(app, "/env")).body);
        assert.equal(url, `https://${app}.slip.localhost:${installation.httpsPort}/env`);
        assert.deepEqual(found, {
          WORD: "from slip.toml",
          KEY: "s3cret of the function",
          LINES: 'one\ntwo "three"',
          ofProcess: "from slip.toml",
          hidden: "none",
        });
      });

      it("has its lines in the log, with their tags", async () => {
        await installation.request(app, "/spoken");
        const line = await said(app, "asked for /spoken");
        assert.deepEqual([line.text, line.source, line.stream, line.app], ["asked for /spoken { deep: { a: 1 } }", "runtime", "stdout", app]);
      });

      it("answers 500 where it throws or has no answer, and the log says where", async () => {
        const answer = await installation.request(app, "/throw");
        assert.deepEqual([answer.status, answer.body], [500, "Internal Server Error\n"]);
        assert.equal((await said(app, "thrown by the function")).stream, "stderr");
        await said(app, "(function:");
        assert.equal((await installation.request(app, "/nothing")).status, 500);
        await said(app, "fetch() gave undefined");
      });

      it("goes on with what it waits for after its answer, and says what of it failed", async () => {
        assert.equal((await installation.request(app, "/later")).body, "answered");
        await said(app, "done later");
        await said(app, "failed later");
      });

      it("says what a timer has thrown, which ends nothing", async () => {
        assert.equal((await installation.request(app, "/timer")).body, "answered");
        assert.equal((await said(app, "thrown in a timer")).stream, "stderr");
        await said(app, "thrown in between");
      });

      const reach = async (name: string, url: string): Promise<string> => (await installation.request(name, `/reach?url=${encodeURIComponent(url)}`)).body;
      const privateOnes = ["http://169.254.169.254/", "http://10.0.0.1/", "http://192.168.0.1/"];

      it("reaches no private address, nor what it shares a process with", async () => {
        for (const url of [...privateOnes, "http://127.0.0.1:10000/", `http://127.0.0.1:${controlPort}/`])
          assert.doesNotMatch(await reach(app, url), /^\d+$/, url);
      });

      it("may have a process of its own, which is no way around the rules of its sandbox, and disturbs no other when it never ends", async () => {
        const own = `own-${sandbox}`;
        const source = { ...files('[function]\nprocess = "own"\n') };
        await installation.deployLive(newTree(own, source), ["--sandbox", sandbox]);
        assert.equal(await reach(own, "http://127.0.0.1:3000/"), "200", "it can reach anything at all");
        for (const url of privateOnes) assert.doesNotMatch(await reach(own, url), /^\d+$/, url);
        await assert.rejects(installation.request(own, "/loop", { timeout: 1_500 }));
        assert.equal((await installation.request(app)).body, "hello from a function");
        await installation.deployLive(newTree(own, { ...source, "greeting.ts": 'export const greeting = "the next one";' }), ["--sandbox", sandbox]);
        assert.equal((await installation.request(own)).body, "the next one");
      });

      it("wakes with its next request when it was put to rest", async () => {
        const name = `rests-${sandbox}`;
        const { deployment } = await installation.deployLive(newTree(name, files('[sleep]\nafter = "10s"\nstop = "0s"\n')), ["--sandbox", sandbox]);
        const isStopped = async (): Promise<boolean> => {
          const { host } = await installation.client().call("platform.status", {});
          return host?.workloads.find(({ id }) => id === deployment)?.instances.every(({ state }) => state === "stopped") === true;
        };
        for (const end = Date.now() + 60_000; !(await isStopped()); await pause(500)) assert.ok(Date.now() < end, "it does not rest");
        assert.equal((await installation.request(name)).body, "hello from a function");
      });
    });

  describe("a function with a schedule", { concurrency: 1 }, () => {
    const rests = '[sleep]\nafter = "10s"\nstop = "0s"\n';
    const source = (name: string, scheduled: string, more: Record<string, string>): string =>
      newTree(name, {
        "index.js": `export default {\n  fetch: () => new Response("hi"),\n  async scheduled(event, env, context) { ${scheduled} },\n};\n`,
        ...more,
      });
    const everyMinute = { "slip.toml": `[function]\nschedule = ["* * * * *"]\n${rests}[run.env]\nWORD = "its variable"\n` };
    before(async () => {
      const says =
        'context.waitUntil(new Promise((done) => setTimeout(done, 200)).then(() => console.log("waited for"))); console.log("called by", event.cron, "with", env.WORD);';
      await installation.deployLive(source("timed", says, everyMinute), ["--sandbox", "runc"]);
      await installation.deployLive(source("timed-failing", 'throw new Error("not this time");', everyMinute));
      const wrangler = { "wrangler.jsonc": '{ "main": "index.js", "triggers": { "crons": ["* * * * *"] } } // as elsewhere' };
      await installation.deployLive(source("timed-wrangler", 'console.log("called by wrangler");', wrangler));
    });

    it("is called at its times, once each, awake or not, and the log says what became of it", async () => {
      await said("timed", "called by * * * * * with its variable", 75_000);
      await said("timed", "waited for");
      const { source: by, text } = await said("timed", "scheduled() of * * * * * at ");
      assert.equal(by, "platform");
      assert.match(text, /^scheduled\(\) of \* \* \* \* \* at \d{4}-\d\d-\d\dT\d\d:\d\dZ: done in \d/);
      assert.equal((await linesOf("timed")).filter((line) => line.text.startsWith(text.slice(0, 42))).length, 1);
      await said("timed-wrangler", "called by wrangler", 75_000);
    });

    it("that throws is told of by itself and by the platform", async () => {
      assert.match((await said("timed-failing", "scheduled() of * * * * * at ", 75_000)).text, /failed after \d.*: Error: not this time$/);
      assert.ok((await linesOf("timed-failing")).some(({ text, stream }) => text === "Error: not this time" && stream === "stderr"));
    });

    it("can be called by the host alone", async () => {
      const own = { "slip.toml": '[function]\nprocess = "own"\nschedule = ["0 0 1 1 *"]\n' };
      await installation.deployLive(source("timed-own", 'console.log("called");', own));
      await installation.deployLive(newTree("curious", files('[function]\nprocess = "own"\n')));
      const { host } = JSON.parse(await installation.expect(0, ["status", "--json"])) as { host?: HostStatus };
      const urlOf = async (app: string, port: number): Promise<string> => {
        const { deployments } = JSON.parse(await installation.expect(0, ["deployments", app, "--json"])) as { deployments: { deployment: string }[] };
        const { address = "" } = host?.workloads.find(({ id }) => id === deployments[0]?.deployment)?.instances[0] ?? {};
        return `http://${placeIn(address).split(":")[0]}:${port}/0?cron=forged`;
      };
      const [alone, among] = [await urlOf("timed-own", scheduledPort), await urlOf("timed-wrangler", controlPort)];
      assert.ok((await fetch(alone, { method: "POST" })).ok, "the host reaches it");
      assert.equal((await fetch(among, { method: "POST" })).status, 401, "what holds those that share a process wants to know who asks");
      for (const url of [alone, among])
        assert.doesNotMatch((await installation.request("curious", `/reach?url=${encodeURIComponent(url)}`)).body, /^\d+$/, url);
    });

    it("whose default export has no scheduled() does not go live", async () => {
      const { failure } = await installation.deploy(
        newTree("timed-nothing", { "index.js": "export default { fetch: () => new Response() };", ...everyMinute }),
      );
      assert.match(failure?.evidence?.join("\n") ?? "", /the default export has no scheduled\(\)/);
    });
  });

  describe("in general", { concurrency: 1 }, () => {
    it("need no slip.toml", async () => {
      await installation.deployLive(join(repository, "examples/function-hello"));
      assert.match((await installation.request("function-hello")).body, /from a function/);
    });

    it("may use packages", async () => {
      const source = newTree("with-hono", {
        "package.json": JSON.stringify({ dependencies: { hono: "4.13.19" } }),
        "src/index.tsx":
          'import { Hono } from "hono";\nconst app = new Hono();\napp.get("/:word", (c) => c.text("hono says " + c.req.param("word")));\nexport default app;\n',
      });
      await installation.deployLive(source);
      assert.equal((await installation.request("with-hono", "/hello")).body, "hono says hello");
    });

    it("may be a router that takes every name for a method, in another file than the entry", async () => {
      const source = newTree("with-itty", {
        "package.json": JSON.stringify({ dependencies: { "itty-router": "5.0.24" } }),
        "src/index.ts": 'export { router as default } from "./router";\n',
        "src/router.ts":
          'import { AutoRouter } from "itty-router";\nexport const router = AutoRouter();\nrouter.get("/:word", ({ word }) => "itty says " + word);\n',
      });
      await installation.deployLive(source);
      assert.equal((await installation.request("with-itty", "/hello")).body, '"itty says hello"');
    });

    it("find nothing in a cache, and do not fail by it", async () => {
      const code = `export default { fetch: async (request) => {
        const cache = await caches.open("any");
        for (const each of [cache, caches.default]) await each.put(request, new Response("kept"));
        return Response.json([(await cache.match(request)) ?? "nothing", (await caches.default.match(request)) ?? "nothing", await cache.delete(request)]);
      } };`;
      await installation.deployLive(newTree("with-cache", { "index.js": code }));
      assert.equal((await installation.request("with-cache")).body, '["nothing","nothing",false]');
    });

    it("may be in the style of Node", async () => {
      const source = newTree("node-style", {
        "index.js": `module.exports = async (req, res) => {
        if (req.url === "/throw") throw new Error("thrown in the style of Node");
        let body = "";
        for await (const chunk of req) body += chunk;
        res.writeHead(201, { "x-proto": req.headers["x-forwarded-proto"] }).end(req.method + " " + req.url + " " + body);
      };`,
      });
      await installation.deployLive(source);
      const answer = await installation.request("node-style", "/a?b=c", { method: "POST", body: "the body" });
      assert.deepEqual([answer.status, answer.body, answer.headers["x-proto"]], [201, "POST /a?b=c the body", "https"]);
      assert.equal((await installation.request("node-style", "/throw")).status, 500);
      await said("node-style", "thrown in the style of Node");
    });

    it("may be a snippet", async () => {
      const code = "export default { fetch: (request) => new Response('a snippet, asked with ' + request.method) };";
      await installation.expect(0, ["snippet", "-", "--app", "snippet-function"], { input: code });
      assert.equal((await installation.request("snippet-function")).body, "a snippet, asked with GET");
    });

    it("of code that was made with a grant are in processes of that grant, whoever starts them again", async () => {
      const source = (word: string) => ({ kind: "snippet", language: "node", code: `export default { fetch: () => new Response("${word}") };` }) as const;
      const [owner, agent] = [installation.client(), await agentFor("granted-")];
      const own = await networkOf((await owner.call("deployments.create", { app: "plain-function", source: source("own") })).deployment);
      const app = "granted-function";
      const granted = await networkOf((await agent.call("deployments.create", { app, source: source("granted") })).deployment);
      const again = await networkOf((await owner.call("apps.restart", { app })).deployment);
      assert.equal(new Set([own, granted, again]).size, 3);
      assert.equal(await networkOf((await owner.call("deployments.create", { app, source: source("another") })).deployment), own);
    });

    it("take over from a server and give back to it", async () => {
      await installation.deployLive(newTree("both-ways", nodeFiles('"a server"')));
      await installation.deployLive(newTree("both-ways", { "index.js": "export default { fetch: () => new Response('a function') };" }));
      assert.equal((await installation.request("both-ways")).body, "a function");
      await installation.expect(0, ["rollback", "both-ways"]);
      assert.equal((await installation.request("both-ways")).body, "a server");
    });

    it("that cannot be bundled fail with the file and the line", async () => {
      const source = newTree("not-bundled", { "index.ts": 'import "./other";\nexport default { fetch() {} };\n', "other.ts": "\nexport const = 1;\n" });
      const { outcome, failure } = await installation.deploy(source);
      assert.deepEqual([outcome, failure?.code, failure?.file, failure?.line], ["failed", "build_failed", "other.ts", 2]);
    });

    it("that fail when they are loaded fail with what they said", async () => {
      const { failure } = await installation.deploy(newTree("not-loaded", { "index.js": 'export default { fetch() {} };\nthrow new Error("not today");\n' }));
      assert.match(failure?.evidence?.join("\n") ?? "", /not today/);
    });
  });
});
