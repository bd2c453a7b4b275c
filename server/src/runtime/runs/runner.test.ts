// Programs that run once, against the machine.
import assert from "node:assert/strict";
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RanOnce, RunOnce } from "@slipstream/contract/ports/sandbox.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { openImage } from "#platform/oci/image.ts";
import { Kernel } from "../kernel/kernel.ts";
import { Launcher } from "../launcher/launcher.ts";
import { Cgroup, groupOf } from "../sandboxes/cgroup.ts";
import { CpuMeter } from "../sandboxes/cpu-meter.ts";
import { eventually, needsRoot, type RuntimeFixture, runtimeFixture } from "../testing/runtime-fixture.ts";
import { storeImage } from "../testing/trial-image.ts";
import { runName } from "./runner.ts";

const kinds: readonly SandboxKind[] = ["runc", "gvisor"];
const fails: Omit<RanOnce, "exitCode"> = { timedOut: false, outOfMemory: false, cancelled: false, lost: false };

for (const sandbox of kinds)
  describe(`a program that runs once under ${sandbox}`, { skip: needsRoot }, () => {
    let fixture: RuntimeFixture;
    let layers: string[];
    before(async () => {
      fixture = await runtimeFixture();
      layers = (await openImage(fixture.home, await storeImage(fixture.home, ""))).layers;
    });
    after(() => fixture.close());

    const run = async (code: string, more: Partial<RunOnce> = {}): Promise<{ ran: RanOnce; lines: string[] }> => {
      const lines: string[] = [];
      const limits = { memoryBytes: 128 * 2 ** 20, cpus: 1, pids: 256, tmpBytes: 2 ** 20, openFiles: 1_024 };
      const ran = await fixture.runtime.runner({
        id: "a build/1",
        sandbox,
        layers,
        overlay: undefined,
        mounts: [],
        args: ["node", "-e", code],
        env: { PATH: "/bin", NAME: "value" },
        cwd: "/app",
        limits,
        timeoutMs: 30_000,
        signal: new AbortController().signal,
        onLine: (stream, text) => lines.push(`${stream} ${text}`),
        ...more,
      });
      return { ran, lines };
    };

    test("gives its lines and its exit code", async () => {
      const { ran, lines } = await run(
        'console.log(process.env.NAME, process.cwd()); console.error("x".repeat(20000)); process.stdout.write("no newline"); process.exitCode = 3',
      );
      assert.deepEqual(ran, { ...fails, exitCode: 3 });
      assert.deepEqual(new Set(lines.map((line) => line.slice(0, 40))), new Set([`stderr ${"x".repeat(33)}`, "stdout no newline", "stdout value /app"]));
      assert.equal(lines.find((line) => line.startsWith("stderr"))?.length, "stderr ".length + 16_384);
    });

    test("has a user that nothing else has, where it is given none", async () => {
      const ran = await Promise.all(["one", "two"].map((id) => run("console.log(process.getuid())", { id })));
      const users = new Set(ran.map(({ lines }) => lines.join()));
      assert.equal(users.size, 2, [...users].join());
    });

    test("writes to the folder above its layers and to what is mounted, nowhere else", async () => {
      const [upper, work, mounted] = ["upper", "work", "mounted"].map((name) => join(fixture.home.root, name)) as [string, string, string];
      for (const folder of [join(upper, "app"), work, mounted]) mkdirSync(folder, { recursive: true });
      writeFileSync(join(mounted, "given"), "given");
      const uid = 0x6fff_0001;
      assert.deepEqual((await run("console.log(process.getuid())", { uid })).lines, [`stdout ${uid}`]);
      for (const folder of [join(upper, "app"), mounted]) chownSync(folder, uid, uid);
      const mounts = [
        { source: mounted, destination: "/cache/deep", readOnly: false },
        { source: mounted, destination: "/run/secrets", readOnly: true },
      ];
      const code = `const fs = require("fs"); fs.writeFileSync("made", fs.readFileSync("/run/secrets/given")); fs.writeFileSync("/cache/deep/kept", "1");
        for (const path of ["/run/secrets/x", "/bin/x", "/etc/x"]) try { fs.writeFileSync(path, ""); console.log("wrote", path); } catch {}`;
      const { ran, lines } = await run(code, { uid, overlay: { upper, work }, mounts });
      assert.deepEqual([ran.exitCode, lines], [0, []]);
      assert.equal(readFileSync(join(upper, "app", "made"), "utf8"), "given");
      assert.ok(existsSync(join(mounted, "kept")));
      assert.ok(!existsSync(join(upper, "cache")) && !existsSync(join(upper, "etc")), "what the platform puts in is not in the layer");
    });

    test("is ended when its time is over, when it is cancelled, and when it needs too much", async () => {
      const endless = "setInterval(() => {}, 1000)";
      assert.deepEqual((await run(endless, { timeoutMs: 700 })).ran, { ...fails, exitCode: 137, timedOut: true });
      assert.deepEqual((await run(endless, { signal: AbortSignal.timeout(700) })).ran, { ...fails, exitCode: 137, cancelled: true });
      assert.equal((await run(endless, { signal: AbortSignal.abort() })).ran.cancelled, true);
      const eating = await run("const all = []; setInterval(() => { for (let n = 0; n < 32; n++) all.push(Buffer.alloc(2 ** 20, 1)); }, 1)");
      assert.equal(eating.ran.outOfMemory, true);
    });

    test("goes on without a part that needed too much, or is ended with it: none waits for ever", async () => {
      const eats = "const all = []; setInterval(() => { for (let n = 0; n < 32; n++) all.push(Buffer.alloc(2 ** 20, 1)); }, 1)";
      const { ran, lines } = await run(`const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(eats)}]);
        child.on("exit", () => console.log("alone"))`);
      assert.deepEqual([ran.outOfMemory, ran.timedOut], [true, false]);
      // In gVisor the kernel may as well end what runs all of its programs.
      if (sandbox === "runc") assert.deepEqual([ran.exitCode, lines], [0, ["stdout alone"]]);
    });

    test("is lost when what looks after it is killed, and nothing of it is left", async () => {
      let isRunning = (): void => undefined;
      const begun = new Promise<void>((resolve) => {
        isRunning = resolve;
      });
      const running = run('console.log("runs"); setInterval(() => {}, 1000)', { onLine: () => isRunning() });
      await begun;
      process.kill(Number(readFileSync(join(fixture.home.runs, runName("a build/1"), "conmon.pid"), "utf8")), "SIGKILL");
      const { ran } = await running;
      assert.equal(ran.lost, true);
      const { held, found } = await fixture.runtime.inspect();
      assert.deepEqual(held.sandboxes, []);
      assert.deepEqual(
        found.filter(({ kind }) => kind !== "namespace" && kind !== "interface" && kind !== "table"),
        [],
      );
    });

    test("whose launch is cut off when it is about to begin is begun by who goes on with it, and once", async () => {
      const { runtime, home, installation } = fixture;
      const [kernel, launcher] = [new Kernel(), new Launcher()];
      const meter = new CpuMeter((name) => new Cgroup(`${groupOf(installation)}/${name}`));
      const ground = { group: groupOf(installation), uid: 0x6fff_0002, bundles: home.runs, exits: home.exits, resolvConf: "", meter, kernel, launcher };
      const kept = runtime.sandboxes().on(ground, sandbox);
      const [id, network] = ["cut-off", "/proc/self/ns/net"];
      const limits = { memoryBytes: 128 * 2 ** 20, cpus: 1, pids: 256, tmpBytes: 2 ** 20, openFiles: 1_024 };
      const spec = { id, layers, writable: undefined, mounts: [], args: ["node", "-e", "console.log('begun')"], env: { PATH: "/bin" }, cwd: "/app" };
      const cutOff = (): never => {
        throw new Error("cut off");
      };
      try {
        const launch = { spec: { ...spec, network, hostname: "here", limits }, address: "127.0.0.1", overlay: undefined, created: cutOff };
        await assert.rejects(kept.start(launch), /cut off/);
        await sleep(200);
        assert.ok(kept.isAlive(id) && !readFileSync(kept.output(id), "utf8").includes("begun"), "it has not begun");
        await kept.begin(id, network);
        await kept.begin(id, network);
        await eventually(() => kept.exitCode(id), "it has ended");
        assert.equal(readFileSync(kept.output(id), "utf8").match(/begun/g)?.length, 1);
      } finally {
        await kept.remove(id, network);
        kernel.close();
        launcher.close();
      }
    });

    test("that is not there says so", async () => {
      const { ran, lines } = await run("", { args: ["nosuchprogram"] });
      assert.deepEqual(ran, { ...fails, exitCode: 127 });
      assert.match(lines.join(), /nosuchprogram/);
    });
  });
