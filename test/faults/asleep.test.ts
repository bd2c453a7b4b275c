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
  const whoAnswers = async (app: string): Promise<string> => {
    const { status, body } = await installation.request(app, "/", { agent: false });
    assert.equal(status, 200, body);
    return body;
  };
  const first = new Map<string, string>();

  before(async () => {
    await installation.up();
    for (const [app, stop] of [
      ["frozen", "1h"],
      ["ended", "0s"],
    ] as const) {
      const { deployment } = await installation.deployLive(newTree(app, files(stop)));
      deployments.set(app, deployment ?? "");
      first.set(app, await whoAnswers(app));
    }
  });
  after(() => installation.end());

  it("are frozen, or ended, and the first request is answered as any other", async () => {
    await Promise.all([becomes("frozen", "asleep"), becomes("ended", "stopped")]);
    assert.equal(await whoAnswers("frozen"), first.get("frozen"), "it has all that it had");
    const again = await whoAnswers("ended");
    assert.notEqual(again, first.get("ended"), "it was started");
    first.set("ended", again);
  });

  for (const name of whole ? ["control", "postgres", "restate", "host", "supervisor"] : ["control", "host"])
    it(`are woken while ${name} is away`, async () => {
      await Promise.all([becomes("frozen", "asleep"), becomes("ended", "stopped")]);
      const pid = processes.pidOf(name);
      // The host is what wakes: another one takes its place.
      process.kill(pid, name === "host" ? "SIGKILL" : "SIGSTOP");
      try {
        const answers = await Promise.all([whoAnswers("frozen"), ...Array.from({ length: 10 }, () => whoAnswers("ended"))]);
        assert.equal(answers[0], first.get("frozen"));
        assert.equal(new Set(answers.slice(1)).size, 1, "it was started once for all");
      } finally {
        if (name !== "host") process.kill(pid, "SIGCONT");
      }
    });

  it("are found in order by the audit, asleep and awake", async () => {
    await becomes("frozen", "asleep");
    await becomes("ended", "stopped");
    await installation.expect(0, ["doctor", "--deep"]);
    assert.ok(await isIn("ended", "stopped"), "it was not started for that");
    await whoAnswers("ended");
    await installation.expect(0, ["doctor", "--deep"]);
  });
});
