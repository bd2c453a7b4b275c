import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import { deploymentId, deploymentOf, liveDeployment } from "./testing/samples.ts";
import { slip, slipOnTerminal, startSlip } from "./testing/slip.ts";
import { TinyPlatform } from "./testing/tiny-platform.ts";
import { until } from "./testing/until.ts";

const linesOf = async function* (...lines: Deployment[]) {
  yield* lines;
};
const linked = (folder: string): string => {
  symlinkSync("/etc/passwd", join(folder, "link"));
  return folder;
};
const never = (): Promise<void> => new Promise(() => {});

describe("slip deploy", () => {
  let platform: TinyPlatform;
  let folder: string;
  beforeEach(async () => {
    platform = new TinyPlatform({
      "deployments.create": () => deploymentOf({}),
      "deployments.watch": () => linesOf(deploymentOf({ phase: "build" }), liveDeployment),
    });
    await platform.start();
    folder = mkdtempSync(join(tmpdir(), "slip-source-"));
    writeFileSync(join(folder, "server.js"), "one");
    writeFileSync(join(folder, "copy.js"), "one");
  });
  afterEach(async () => {
    await platform.end();
    rmSync(folder, { recursive: true });
  });

  it("prints the URL alone in a pipe", async () => {
    assert.deepEqual(await slip(platform.home, ["deploy", folder]), { code: 0, stdout: "https://shop.slip.localhost:8443\n", stderr: "" });
  });

  it("says what the build has noticed, a line each, beside the URL and within the object", async () => {
    const notes = ["The source says port 4000.", "a file\u001b[2Jof a stranger"];
    platform.handlers["deployments.watch"] = () => linesOf({ ...liveDeployment, notes });
    assert.deepEqual(await slip(platform.home, ["deploy", folder]), {
      code: 0,
      stdout: "https://shop.slip.localhost:8443\n",
      stderr: "note: The source says port 4000.\nnote: a fileof a stranger\n",
    });
    const { stdout } = await slip(platform.home, ["deploy", folder, "--json"]);
    assert.deepEqual((JSON.parse(stdout) as { notes: unknown }).notes, notes);
  });

  it("prints one object with --json", async () => {
    const ran = await slip(platform.home, ["deploy", folder, "--json"]);
    assert.deepEqual(JSON.parse(ran.stdout), {
      app: "shop",
      project: "default",
      deployment: deploymentId,
      release: 3,
      artifact: liveDeployment.artifact,
      url: "https://shop.slip.localhost:8443",
      outcome: "live",
      phases: [{ name: "build", ms: 12 }],
    });
  });

  it("names a folder that it has sent before by what differs, and whole where the platform has forgotten it", async () => {
    for (let index = 0; index < 1_000; index += 1) writeFileSync(join(folder, `file-${index}.js`), `${index}`);
    await slip(platform.home, ["deploy", folder]);
    writeFileSync(join(folder, "file-7.js"), "seven");
    rmSync(join(folder, "copy.js"));
    await slip(platform.home, ["deploy", folder]);
    const checks = () => platform.asked.filter(({ name }) => name === "sources.check").map(({ input }) => input);
    const [whole, change] = checks();
    assert.ok(JSON.stringify(whole).length > 100_000 && JSON.stringify(change).length < 1_000, JSON.stringify(change));
    platform.sources.clear();
    writeFileSync(join(folder, "file-8.js"), "eight");
    assert.equal((await slip(platform.home, ["deploy", folder])).code, 0);
    assert.ok(JSON.stringify(checks().at(-1)).length > 100_000);
    assert.equal(platform.sources.size, 1);
  });

  it("sends each content once, and only what changed the next time", async () => {
    await slip(platform.home, ["deploy", folder]);
    assert.deepEqual([...platform.blobs.values()].map(String), ["one"]);
    writeFileSync(join(folder, "server.js"), "two");
    await slip(platform.home, ["deploy", folder]);
    assert.deepEqual([...platform.blobs.values()].map(String), ["one", "two"]);
    assert.equal(platform.inputsOf("sources.uploadMany").length, 2);
  });

  it("sends many small contents together, and those that are not small alone", async () => {
    for (let index = 0; index < 1_200; index += 1) writeFileSync(join(folder, `${index}.txt`), `content ${index}`);
    writeFileSync(join(folder, "movie.bin"), Buffer.alloc(2 ** 20, 7));
    await slip(platform.home, ["deploy", folder]);
    assert.equal(platform.blobs.size, 1_202);
    assert.deepEqual([platform.inputsOf("sources.uploadMany").length, platform.inputsOf("sources.upload").length], [2, 1]);
  });

  it("sends again what the platform had no room for", async () => {
    platform.handlers["sources.uploadMany"] = () => {
      delete platform.handlers["sources.uploadMany"];
      throw new SlipError("rate_limited", "What is sent to the platform at the same time is too large.");
    };
    assert.deepEqual(await slip(platform.home, ["deploy", folder]), { code: 0, stdout: "https://shop.slip.localhost:8443\n", stderr: "" });
    assert.equal(platform.inputsOf("sources.uploadMany").length, 2);
  });

  it("passes on what the user asks for", async () => {
    await slip(platform.home, ["deploy", folder, "--app", "shop", "--domain", "shop.example.org", "--sandbox", "runc", "--instances", "2"]);
    const [input] = platform.inputsOf("deployments.create") as Record<string, unknown>[];
    const { source, suggestedName, ...asked } = input ?? {};
    assert.deepEqual(asked, { app: "shop", domain: "shop.example.org", sandbox: "runc", instances: 2 });
    assert.equal((source as { kind: string }).kind, "tree");
    assert.equal(suggestedName, folder.split("/").at(-1));
  });

  it("sends a package of a workspace with all of that", async () => {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ workspaces: ["apps/*"] }));
    mkdirSync(join(folder, "apps/api"), { recursive: true });
    writeFileSync(join(folder, "apps/api/package.json"), "{}");
    const whole = { kind: "tree", package: "apps/api" };
    for (const args of [[join(folder, "apps/api")], [folder, "--subfolder", "apps/api"]]) {
      await slip(platform.home, ["deploy", ...args]);
      const { source, suggestedName } = platform.inputsOf("deployments.create").at(-1) as { source: { digest: string }; suggestedName: string };
      assert.deepEqual([{ ...source, digest: undefined }, suggestedName], [{ ...whole, digest: undefined }, "api"]);
    }
    assert.equal(platform.blobs.size, 3);
  });

  it("sends a git address with its ref to the platform", async () => {
    await slip(platform.home, ["deploy", "https://git.example.org/a/web.git#v1", "--subfolder", "site"]);
    const [input] = platform.inputsOf("deployments.create");
    assert.deepEqual(input, { source: { kind: "git", url: "https://git.example.org/a/web.git", ref: "v1", subfolder: "site" }, suggestedName: "site" });
  });

  it("sends a ref of a local repository with its commit", async () => {
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@example.org", ...args], { cwd: folder, encoding: "utf8" }).trim();
    git("init", "--quiet", "--initial-branch=main");
    git("add", ".");
    git("commit", "--quiet", "-m", "one");
    const commit = git("rev-parse", "HEAD");
    writeFileSync(join(folder, "server.js"), "not committed");
    const nowhere = await slip(platform.home, ["deploy", `${folder}#main`, "--subfolder", "site"]);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /^error: The repository has no folder "site"\.$/m);
    await slip(platform.home, ["deploy", `${folder}#main`]);
    const [input] = platform.inputsOf("deployments.create") as { source: { commit: string; ref: string } }[];
    assert.equal(input?.source.commit, commit);
    assert.deepEqual([...platform.blobs.values()].map(String), ["one"]);
    const unknown = await slip(platform.home, ["deploy", `file://${folder}#nope`, "--json"]);
    assert.equal(unknown.code, 1);
    assert.equal((JSON.parse(unknown.stdout) as { failure: { code: string } }).failure.code, "git_ref_unknown");
  });

  it("notes the commit of a clean work tree, and none of a changed one", async () => {
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@example.org", ...args], { cwd: folder, encoding: "utf8" }).trim();
    git("init", "--quiet");
    git("add", ".");
    git("commit", "--quiet", "-m", "one");
    await slip(platform.home, ["deploy", folder]);
    writeFileSync(join(folder, "server.js"), "changed");
    await slip(platform.home, ["deploy", folder]);
    const commits = (platform.inputsOf("deployments.create") as { source: { commit?: string } }[]).map(({ source }) => source.commit);
    assert.deepEqual(commits, [git("rev-parse", "HEAD"), undefined]);
  });

  it("reports a failure: phase, evidence as the app's words, next step", async () => {
    const failure = {
      phase: "health" as const,
      code: "wrong_port",
      summary: "The program listens on 4321.",
      evidence: ["listening on 4321\u001b[2J"],
      suspectedCause: "PORT is not read",
      nextActions: ["Listen on the port in PORT."],
    };
    platform.handlers["deployments.watch"] = () => linesOf(deploymentOf({ state: "failed", failure }));
    const ran = await slip(platform.home, ["deploy", folder]);
    assert.equal(ran.code, 1);
    assert.equal(ran.stdout, "");
    assert.equal(
      ran.stderr,
      "error: The program listens on 4321.\n  in phase health (wrong_port)\n  output of the app:\n  │ listening on 4321\n  probably: PORT is not read\nnext: Listen on the port in PORT.\n",
    );
  });

  for (const [name, make, code] of [
    ["missing", () => join(folder, "missing"), "source_missing"],
    ["a file", () => join(folder, "server.js"), "source_missing"],
    ["empty", () => mkdtempSync(join(folder, "empty-")), "source_empty"],
    ["unsafe", () => linked(folder), "source_unsafe"],
    ["a helper of git", () => "ext::sh -c reboot", "git_refused"],
  ] as [string, () => string, string][])
    it(`ends failed before anything is sent: ${name}`, async () => {
      const ran = await slip(platform.home, ["deploy", make(), "--app", "shop", "--json"]);
      const result = JSON.parse(ran.stdout) as { app: string; outcome: string; failure: { phase: string; code: string } };
      assert.deepEqual([ran.code, result.app, result.outcome, result.failure.phase, result.failure.code], [1, "shop", "failed", "source", code]);
      assert.deepEqual(platform.asked, []);
    });

  /** What a terminal shows at the end: of each line what was written last, from its beginning. */
  const shown = (written: string): string[] => written.split(/\r?\n/).map((line) => line.split("\r\u001b[K").at(-1) ?? "");

  it("takes the moving line away before it says why there is no deployment", async () => {
    const { code, stdout } = await slipOnTerminal(platform.home, ["deploy", join(folder, "missing")]);
    assert.ok(stdout.includes("reading"), stdout);
    assert.deepEqual([code, shown(stdout)[0]], [1, `error: There is no folder "${join(folder, "missing")}".`]);
  });

  for (const [command, words] of [
    ["deploy", () => [folder]],
    ["snippet", () => [join(folder, "server.js"), "--app", "shop"]],
  ] as [string, () => string[]][])
    it(`takes the moving line away before the id of a deployment that nobody waits for: ${command}`, async () => {
      const { code, stdout } = await slipOnTerminal(platform.home, [command, ...words(), "--detach"]);
      assert.ok(stdout.includes("sending"), stdout);
      assert.deepEqual([code, shown(stdout)[0]], [0, deploymentId]);
    });

  it("goes on when the platform is killed and comes back", async () => {
    let calls = 0;
    platform.handlers["deployments.watch"] = async function* () {
      calls += 1;
      yield deploymentOf({ phase: "build" });
      if (calls === 1) await never();
      yield liveDeployment;
    };
    const running = startSlip(platform.home, ["deploy", folder]);
    await until(() => calls > 0);
    await platform.stop();
    await pause(600);
    await platform.start();
    assert.deepEqual(await running.ended, { code: 0, stdout: "https://shop.slip.localhost:8443\n", stderr: "" });
  });

  it("asks for a cancel at Ctrl-C, and ends with 3", async () => {
    let watching = false;
    let cancelled = false;
    platform.handlers["deployments.cancel"] = () => {
      cancelled = true;
      return deploymentOf({ state: "cancelled" });
    };
    platform.handlers["deployments.watch"] = async function* () {
      watching = true;
      yield deploymentOf({ phase: "build" });
      await until(() => cancelled);
      yield deploymentOf({ state: "cancelled" });
    };
    const running = startSlip(platform.home, ["deploy", folder, "--json"]);
    await until(() => watching);
    running.child.kill("SIGINT");
    const ran = await running.ended;
    assert.equal(ran.code, 3);
    assert.equal((JSON.parse(ran.stdout) as { outcome: string }).outcome, "cancelled");
  });

  it("says that there is no deployment where Ctrl-C came before", async () => {
    let sending = false;
    platform.handlers["sources.check"] = async () => {
      sending = true;
      await never();
      throw new Error("never");
    };
    const running = startSlip(platform.home, ["deploy", folder]);
    await until(() => sending);
    running.child.kill("SIGINT");
    assert.deepEqual(await running.ended, { code: 3, stdout: "", stderr: "Cancelled before there was a deployment.\n" });
    assert.ok(!platform.asked.some(({ name }) => name === "deployments.create"));
  });

  for (const detach of [[], ["--detach"]])
    it(`cancels what was being made when Ctrl-C came: deploy ${detach.join()}`, async () => {
      const cancelled: unknown[] = [];
      let asked = false;
      let goOn = (): void => {};
      platform.handlers["deployments.create"] = async () => {
        asked = true;
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        return deploymentOf({});
      };
      platform.handlers["deployments.cancel"] = ({ deployment }) => {
        cancelled.push(deployment);
        return deploymentOf({ state: "cancelled" });
      };
      platform.handlers["deployments.watch"] = async function* () {
        await until(() => cancelled.length > 0);
        yield deploymentOf({ state: "cancelled" });
      };
      const running = startSlip(platform.home, ["deploy", folder, ...detach]);
      await until(() => asked);
      running.child.kill("SIGINT");
      await pause(200);
      goOn();
      assert.equal((await running.ended).code, 3);
      assert.deepEqual(cancelled, [deploymentId]);
    });

  it("leaves at the second Ctrl-C, and says where to see what became of it", async () => {
    let cancels = 0;
    let watching = false;
    platform.handlers["deployments.cancel"] = async () => {
      cancels += 1;
      await never();
      return deploymentOf({});
    };
    platform.handlers["deployments.watch"] = async function* () {
      watching = true;
      yield deploymentOf({ phase: "build" });
      await never();
    };
    const running = startSlip(platform.home, ["deploy", folder]);
    await until(() => watching);
    running.child.kill("SIGINT");
    await until(() => cancels > 0);
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    assert.deepEqual(
      [code, stderr],
      [3, "Cancelling; press Ctrl-C again to leave without waiting for its end.\nNot waited for; 'slip deployments shop' shows what became of it.\n"],
    );
  });

  it("takes files that are taken back by name, and leaves out the usual ones", async () => {
    mkdirSync(join(folder, "node_modules"));
    writeFileSync(join(folder, "node_modules", "a.js"), "dependency");
    await slip(platform.home, ["deploy", folder]);
    assert.ok(![...platform.blobs.values()].map(String).includes("dependency"));
    writeFileSync(join(folder, ".slipignore"), "!node_modules\n");
    await slip(platform.home, ["deploy", folder]);
    assert.ok([...platform.blobs.values()].map(String).includes("dependency"));
  });
});
