import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Deployment } from "@slipstream/contract/words.ts";
import { machineAddress } from "./git-server.ts";
import { type DeployResult, Installation, DeployResult as Result } from "./installation.ts";
import { cgroupsOf, processesWith } from "./leftovers.ts";
import { newTree, nodeFiles } from "./sources.ts";

interface Case {
  name: string;
  phase: string;
  files: Record<string, string>;
  /** Words of the command line that must run when it is cancelled, and must not afterwards. */
  runs?: readonly string[];
}

/** A program that hears SIGTERM and takes no notice of it. */
const deaf = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); // ';
const runc = '\nsandbox = "runc"\n';
const cases: Case[] = [
  {
    name: "while it builds",
    phase: "build",
    files: { ...nodeFiles("2"), "slip.toml": '[build]\ncommand = "sleep 471101 & sleep 471101"\n' },
    runs: ["sleep 471101"],
  },
  {
    name: "while it waits for health",
    phase: "start",
    files: { ...nodeFiles("2"), "slip.toml": `[run]\ncommand = ["node", "-e", ${JSON.stringify(`${deaf}471102`)}]${runc}` },
    runs: ["471102"],
  },
  {
    name: "while it waits for health, under gVisor",
    phase: "start",
    files: { ...nodeFiles("2"), "slip.toml": `[run]\ncommand = ["node", "-e", ${JSON.stringify(deaf)}]\nsandbox = "gvisor"\n` },
  },
  {
    name: "in its release command",
    phase: "release-command",
    files: { ...nodeFiles("2"), "slip.toml": `[run]\nrelease_command = "sleep 471103"${runc}` },
    runs: ["sleep 471103"],
  },
  {
    name: "in its release command, under gVisor, with instances that take no notice of SIGTERM",
    phase: "release-command",
    files: {
      ...nodeFiles("2"),
      "server.js": `process.on("SIGTERM", () => {});\n${nodeFiles("2")["server.js"]}`,
      "slip.toml": '[run]\nrelease_command = "sleep 471104"\nsandbox = "gvisor"\n',
    },
  },
];

/** Ample for a busy machine (alone it takes 0.3 s), and less than the 10 s that programs which serve have to finish. */
const goneMs = 5_000;

describe("a deployment that is cancelled", () => {
  const installation = new Installation();
  const app = "calm";
  let groupsBefore: string[] = [];
  const groups = async (): Promise<string[]> => (await cgroupsOf(installation.installationId() ?? "none")).toSorted((a, b) => a.localeCompare(b));
  const newest = async (): Promise<Deployment> => {
    const { deployments } = await installation.client().call("deployments.list", { app });
    assert.ok(deployments[0]);
    return deployments[0];
  };
  /** Waits until the newest deployment is in `phase`, and gives its id. */
  const inPhase = async (phase: string, except: string): Promise<string> => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const found = await newest();
      if (found.deployment !== except && (found.phase === phase || (phase === "start" && found.phase === "health"))) return found.deployment;
      await pause(50);
    }
    return assert.fail(`no deployment came to phase ${phase}`);
  };
  const until = async (what: string, is: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> => {
    const started = performance.now();
    while (!(await is())) {
      if (performance.now() - started > ms) assert.fail(`${what} did not come about in ${Math.round(ms)} ms`);
      await pause(20);
    }
  };
  /** Cancels, and checks that all of it ends in time and nothing is left. */
  const cancelled = async (
    test: TestContext,
    of: { deployment: string; deploying: Promise<DeployResult>; runs?: readonly string[] | undefined },
  ): Promise<void> => {
    const { deployment, deploying, runs } = of;
    const started = performance.now();
    await installation.expect(0, ["cancel", deployment]);
    const answeredMs = performance.now() - started;
    if (runs !== undefined) assert.deepEqual(processesWith(...runs), [], "what it ran is gone when the answer is there");
    const result = await deploying;
    assert.equal(result.outcome, "cancelled");
    assert.equal(result.failure?.code, "cancelled");
    await until("the end of its control groups", async () => isDeepStrictEqual(await groups(), groupsBefore), goneMs - answeredMs);
    assert.equal((await installation.request(app)).body, "1", "the old release serves");
    test.diagnostic(`answered after ${Math.round(answeredMs)} ms, gone after ${Math.round(performance.now() - started)} ms`);
  };

  before(async () => {
    // What waits for the next app is none of this.
    await installation.up({ SLIP_GIT_HOSTS: machineAddress(), SLIP_SPARES: "0" });
    await installation.deployLive(newTree("calm", nodeFiles("1")), ["--app", app]);
    groupsBefore = await groups();
  });
  // A case that failed must not hold up the next.
  afterEach(async () => {
    await installation.slip(["cancel", (await newest()).deployment]);
  });
  after(() => installation.end());

  for (const { name, phase, files, runs } of cases)
    it(`ends at once ${name}`, async (test) => {
      const { deployment: last } = await newest();
      const deploying = installation.deploy(newTree("calm", files), ["--app", app]);
      const deployment = await inPhase(phase, last);
      if (runs === undefined) await until("a group of its own", async () => (await groups()).length > groupsBefore.length);
      else await until(`a process ${runs.join(" ")}`, () => processesWith(...runs).length > 0);
      await cancelled(test, { deployment, deploying, runs });
    });

  it("ends at once while it fetches from git", async (test) => {
    const server = http.createServer(() => undefined);
    await new Promise<void>((listening) => server.listen(0, machineAddress(), listening));
    const never = "never-471106.git";
    const url = `http://${machineAddress()}:${(server.address() as AddressInfo).port}/${never}`;
    try {
      const { deployment: last } = await newest();
      const deploying = installation.deploy(url, ["--app", app]);
      const deployment = await inPhase("source", last);
      await until("git", () => processesWith("fetch", never).length > 0);
      await cancelled(test, { deployment, deploying, runs: ["fetch", never] });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  // The other one takes longer than the command line takes to start a few times on a busy machine.
  it("ends at once while it waits behind another, which goes on", async () => {
    const { deployment: last } = await newest();
    const first = installation.deploy(newTree("calm", { ...nodeFiles("1"), "slip.toml": '[run]\nrelease_command = "sleep 12"\n' }), ["--app", app]);
    const running = await inPhase("release-command", last);
    const second = installation.deploy(newTree("calm", nodeFiles("3")), ["--app", app]);
    await until("the second", async () => (await newest()).deployment !== running);
    const waiting = await newest();
    assert.equal(waiting.state, "waiting");
    await installation.expect(0, ["cancel", waiting.deployment]);
    assert.equal((await second).outcome, "cancelled");
    assert.equal((await first).outcome, "live");
    assert.equal((await installation.request(app)).body, "1");
  });

  it("ends at Ctrl-C with exit code 3", async () => {
    const { deployment: last } = await newest();
    const source = newTree("calm", { ...nodeFiles("2"), "slip.toml": '[build]\ncommand = "sleep 471105"\n' });
    const interrupt = new AbortController();
    const ran = installation.slip(["deploy", source, "--app", app, "--json"], { interrupt: interrupt.signal });
    await inPhase("build", last);
    await until("the build", () => processesWith("sleep 471105").length > 0);
    const started = performance.now();
    interrupt.abort();
    const { code, stdout } = await ran;
    assert.equal(code, 3);
    assert.equal(Result.parse(JSON.parse(stdout)).outcome, "cancelled");
    assert.ok(performance.now() - started < goneMs);
    assert.deepEqual(processesWith("sleep 471105"), []);
    assert.equal((await installation.request(app)).body, "1");
  });
});
