// 'slip down' when what it needs dies or stands still: it ends everything all the same, or says what it has left.
import assert from "node:assert/strict";
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation } from "../e2e/installation.ts";
import { leftoversOf } from "../e2e/leftovers.ts";
import { newTree, nodeFiles } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { Processes } from "./processes.ts";

describe("slip down", () => {
  const installation = new Installation();
  const processes = new Processes(installation.home);
  const kill = (name: string): boolean => process.kill(processes.pidOf(name), "SIGKILL");
  /** By their kinds alone. */
  const left = async (): Promise<string[]> => [
    ...new Set((await leftoversOf(installation.installationId(), installation.home)).map((thing) => thing.split(" ")[0] ?? "")),
  ];
  before(async () => {
    await installation.up();
    await installation.deployLive(newTree("server", nodeFiles('"here"')));
    await installation.deployLive(newTree("function", { "index.js": 'export default { fetch: () => new Response("here") };\n' }));
  });
  beforeEach(() => installation.up());
  afterEach(async () => {
    await installation.up();
    assert.equal((await installation.request("server")).body, "here");
    assert.equal((await installation.request("function")).body, "here");
  });
  after(() => installation.end());

  it("ends what runs after the host was killed in the same moment", async () => {
    kill("host");
    await installation.expect(0, ["down"]);
    assert.deepEqual(await left(), []);
  });

  it("ends what runs after supervisor, keeper and host were killed in the same moment", async () => {
    for (const name of ["supervisor", "keeper", "host"]) kill(name);
    await installation.expect(0, ["down"]);
    assert.deepEqual(await left(), []);
  });

  it("ends what runs when the host does not answer any more", { skip: !whole }, async () => {
    process.kill(processes.pidOf("host"), "SIGSTOP");
    await installation.expect(0, ["down"], { timeoutMs: 300_000 });
    assert.deepEqual(await left(), []);
  });

  it("goes on when the supervisor is killed while it stops everything", async () => {
    const supervisor = processes.pidOf("supervisor");
    // So that it is not done before it is killed.
    process.kill(processes.pidOf("control"), "SIGSTOP");
    const down = installation.slip(["down"]);
    while (processes.list()[0]?.state !== "stopping") await pause(5);
    process.kill(supervisor, "SIGKILL");
    assert.deepEqual(await down, { code: 0, stdout: "", stderr: "" });
    assert.deepEqual(await left(), []);
  });

  it("says what it has left, keeps it known, and ends it when it can be", async () => {
    // Stands for what the kernel does not let go: a group with another one inside cannot be removed.
    const group = `/sys/fs/cgroup/pids/slipstream-${installation.installationId()}/held`;
    mkdirSync(join(group, "inside"), { recursive: true });
    const { code, stderr } = await installation.slip(["down"]);
    assert.equal(code, 4);
    assert.match(stderr, /The platform has ended, but left sandboxes \(1\)/);
    assert.match(stderr, /slip down/);
    rmdirSync(join(group, "inside"));
    await installation.expect(0, ["down"]);
    assert.deepEqual(await left(), []);
  });
});
