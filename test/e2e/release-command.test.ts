import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { LogLine } from "@slipstream/contract/logs.ts";
import { Installation } from "./installation.ts";
import { processesWith } from "./leftovers.ts";
import { newTree, nodeFiles } from "./sources.ts";

const withCommand = (word: string, command: string): Record<string, string> => ({
  ...nodeFiles(JSON.stringify(word)),
  "slip.toml": `[run]\nrelease_command = ${JSON.stringify(command)}\n[run.env]\nPLAIN = "of ${word}"\n`,
  "migrate.js": `console.log("migrating", ${JSON.stringify(word)}, process.env.PLAIN, process.env.KEY === "the-secret-key", process.env.KEY, process.env.SLIP_RELEASE);\n`,
});

/** A line that no other run of the command writes; a host that comes back may read the last ones twice. */
const told = "node -p 'crypto.randomUUID()'";

describe("the release command", () => {
  const installation = new Installation();
  const app = "shop";
  const lines = async (deployment: string | undefined): Promise<string[]> => {
    await pause(500);
    const text = await installation.expect(0, ["logs", app, "--json", "--deployment", deployment ?? ""]);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => LogLine.parse(JSON.parse(line)).text);
  };
  /** Resolves when the newest deployment runs its command. */
  const commandRuns = async (): Promise<void> => {
    for (let attempt = 0; attempt < 400; attempt += 1) {
      const { deployments } = await installation.client().call("deployments.list", { app });
      if (deployments[0]?.phase === "release-command") return;
      await pause(50);
    }
    assert.fail("no deployment came to its release command");
  };
  const pidOf = async (name: string): Promise<number> => {
    const { processes } = JSON.parse(await installation.expect(0, ["status", "--json"])) as { processes: { name: string; pid: number }[] };
    const found = processes.find((each) => each.name === name);
    assert.ok(found);
    return found.pid;
  };
  before(async () => {
    await installation.up();
    await installation.expect(0, ["apps", "create", app]);
    await installation.expect(0, ["secrets", "set", app, "KEY=the-secret-key"]);
  });
  after(() => installation.end());

  it("runs once, in the new release, with its variables and secrets, and its lines are kept", async () => {
    const { deployment, phases } = await installation.deployLive(newTree(app, withCommand("one", "node migrate.js")), ["--app", app]);
    assert.deepEqual(
      (await lines(deployment)).filter((line) => line.startsWith("migrating")),
      ["migrating one of one true [redacted] 1"],
    );
    const names = phases.map(({ name }) => name);
    assert.ok(names.indexOf("release-command") < names.indexOf("switch"));
  });

  it("is the release line of a Procfile, where slip.toml has none", async () => {
    const files = { ...nodeFiles('"one"'), Procfile: "release: echo by the Procfile\n" };
    const { deployment } = await installation.deployLive(newTree(app, files), ["--app", app]);
    assert.equal((await lines(deployment)).filter((line) => line === "by the Procfile").length, 1);
  });

  it("that fails leaves the old release, and tells its last lines", async () => {
    const source = newTree(app, withCommand("two", "node migrate.js; echo the table is locked >&2; exit 9"));
    const { outcome, failure, deployment } = await installation.deploy(source, ["--app", app]);
    assert.deepEqual([outcome, failure?.code, failure?.phase], ["failed", "release_command_failed", "release-command"]);
    assert.match(failure?.summary ?? "", /exit code 9/);
    assert.ok(failure?.evidence.some((line) => line.includes("the table is locked")));
    assert.ok(failure?.evidence.some((line) => line.includes("migrating two of two true [redacted]")));
    assert.equal((await installation.request(app)).body, "one");
    assert.ok((await lines(deployment)).includes("the table is locked"));
  });

  it("is not run for a restart, new settings or a rollback", async () => {
    for (const args of [
      ["restart", app],
      ["env", "set", app, "A=1"],
    ])
      await installation.expect(0, args);
    await installation.deployLive(newTree(app, nodeFiles('"three"')), ["--app", app]);
    await installation.expect(0, ["rollback", app]);
    await pause(500);
    const all = await installation.expect(0, ["logs", app]);
    assert.equal(all.split("\n").filter((line) => line.includes("migrating one")).length, 1);
  });

  for (const [name, sandbox] of [
    ["host", "runc"],
    ["host", "gvisor"],
    ["control", "runc"],
  ] as const)
    it(`runs once also when ${name} is killed while it runs, under ${sandbox}`, async () => {
      const command = `${told}; sleep 3; ${told}; sleep 0.471201`;
      const source = newTree(app, withCommand(`${name} ${sandbox}`, command));
      const deploying = installation.deploy(source, ["--app", app, "--sandbox", sandbox]);
      await commandRuns();
      await pause(1_000);
      process.kill(await pidOf(name), "SIGKILL");
      const result = await deploying;
      assert.equal(result.outcome, "live", JSON.stringify(result));
      assert.equal((await installation.request(app)).body, `${name} ${sandbox}`);
      assert.equal(new Set(await lines(result.deployment)).size, 2, "each line was written once");
      assert.deepEqual(processesWith("0.471201"), []);
    });

  it("has run when control is killed right after it, and is not run again", async () => {
    const source = newTree(app, withCommand("after", `${told}; sleep 1.471202; ${told}`));
    const deploying = installation.deploy(source, ["--app", app, "--sandbox", "runc"]);
    await commandRuns();
    for (let attempt = 0; processesWith("sleep 1.471202").length === 0; attempt += 1) {
      assert.ok(attempt < 200, "the command runs");
      await pause(20);
    }
    // Stopped, it does not hear the answer; killed then, it never does.
    const pid = await pidOf("control");
    process.kill(pid, "SIGSTOP");
    await pause(2_000);
    process.kill(pid, "SIGKILL");
    const { outcome, deployment } = await deploying;
    assert.equal(outcome, "live");
    assert.equal(new Set(await lines(deployment)).size, 2);
  });
});
