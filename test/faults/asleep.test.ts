// Apps that nobody asks for sleep, and the next request wakes them, whichever process of the platform is away.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation } from "../e2e/installation.ts";
import { newTree, nodeFiles } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { Processes } from "./processes.ts";

const sleepsWithinMs = 60_000;
/** What it answers differs from one start to the next, and not while it is frozen. */
const files = (stop: string) => ({
  ...nodeFiles('require("node:crypto").randomUUID'),
  "server.js": program,
  "slip.toml": `[sleep]\nafter = "10s"\nstop = "${stop}"\n`,
});
const program = `const self = crypto.randomUUID();
require("node:http").createServer((_, answer) => answer.end(self)).listen(process.env.PORT);
`;

const functionFiles = {
  "index.js": "let self;\nexport default { fetch: () => new Response((self ??= crypto.randomUUID())) };\n",
  "slip.toml": '[sleep]\nafter = "10s"\nstop = "0s"\n',
};

describe("apps that nobody asks for", () => {
  const installation = new Installation();
  const processes = new Processes(installation.home);
  const isIn = async (app: string, state: string): Promise<boolean> => {
    const { host } = await installation.client().call("platform.status", {});
    const deployment = deployments.get(app);
    return host?.workloads.find(({ id }) => id === deployment)?.instances.every((it) => it.state === state) === true;
  };
  const becomes = async (app: string, state: string): Promise<void> => {
    for (const end = Date.now() + sleepsWithinMs; !(await isIn(app, state)); await pause(250))
      if (Date.now() > end) assert.fail(`${app} did not come to be ${state}: ${await installation.expect(0, ["status", "--json"])}`);
  };
  const deployments = new Map<string, string>();
  const allRest = async (): Promise<void> =>
    void (await Promise.all([becomes("frozen", "asleep"), becomes("ended", "stopped"), becomes("function", "stopped")]));
  const whoAnswers = async (app: string): Promise<string> => {
    const { status, body } = await installation.request(app, "/", { agent: false });
    assert.equal(status, 200, body);
    return body;
  };
  const first = new Map<string, string>();

  before(async () => {
    await installation.up();
    for (const [app, source] of [
      ["frozen", files("1h")],
      ["ended", files("0s")],
      ["function", functionFiles],
    ] as const) {
      const { deployment } = await installation.deployLive(newTree(app, source));
      deployments.set(app, deployment ?? "");
      first.set(app, await whoAnswers(app));
    }
  });
  after(() => installation.end());

  it("are frozen, or ended, and the first request is answered as any other", async () => {
    await allRest();
    assert.equal(await whoAnswers("frozen"), first.get("frozen"), "it has all that it had");
    for (const app of ["ended", "function"]) assert.notEqual(await whoAnswers(app), first.get(app), "it was started");
  });

  for (const name of whole ? ["control", "postgres", "restate", "host", "supervisor"] : ["control", "host"])
    it(`are woken while ${name} is away`, async () => {
      await allRest();
      const pid = processes.pidOf(name);
      // The host is what wakes: another one takes its place.
      process.kill(pid, name === "host" ? "SIGKILL" : "SIGSTOP");
      try {
        const answersOf = (app: string): Promise<string[]> => Promise.all(Array.from({ length: 10 }, () => whoAnswers(app)));
        const [frozen, ...started] = await Promise.all(["frozen", "ended", "function"].map(answersOf));
        assert.deepEqual(new Set(frozen), new Set([first.get("frozen")]));
        for (const answers of started) assert.equal(new Set(answers).size, 1, "it was started once for all");
      } finally {
        if (name !== "host") process.kill(pid, "SIGCONT");
      }
    });

  it("are found in order by the audit, asleep and awake", async () => {
    await allRest();
    await installation.expect(0, ["doctor", "--deep"]);
    assert.ok(await isIn("ended", "stopped"), "it was not started for that");
    await Promise.all(["ended", "function"].map(whoAnswers));
    await installation.expect(0, ["doctor", "--deep"]);
  });
});
