import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import { appOf, artifact, deploymentId, deploymentOf, liveDeployment, statusOf } from "./testing/samples.ts";
import { slip, slipOnTerminal, startSlip } from "./testing/slip.ts";
import { TinyPlatform } from "./testing/tiny-platform.ts";
import { until } from "./testing/until.ts";

const lineOf = (text: string, time = "2026-01-01T00:00:00.000Z"): LogLine => ({
  time,
  source: "runtime",
  stream: "stdout",
  tenant: "default",
  project: "default",
  app: "shop",
  deployment: deploymentId,
  commit: "",
  instance: "ins_1",
  text,
});

describe("slip", () => {
  let platform: TinyPlatform;
  const run = (...args: string[]) => slip(platform.home, args);
  beforeEach(async () => {
    platform = new TinyPlatform();
    await platform.start();
  });
  afterEach(() => platform.end());

  it("prints its help without a command, and its version", async () => {
    const help = await run();
    assert.deepEqual([help.code, help.stderr], [0, ""]);
    assert.match(help.stdout, /^Usage: slip /);
    assert.match((await run("--version")).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  for (const [words, next] of [
    ["help nope", "See 'slip --help'."],
    ["nope", "See 'slip --help'."],
    ["open", "List your apps with their addresses: 'slip apps'."],
    ["version", "Run 'slip --version'."],
    ["status shop", "See what is live with 'slip releases shop', and what became of its deployments with 'slip deployments shop'."],
    ["rollback shop --to abc", "See 'slip rollback --help'."],
    ["scale shop x", "See 'slip scale --help'."],
    ["secrets", "See 'slip secrets --help'."],
    ["secrets set --nope", "See 'slip secrets set --help'."],
    ["secrets set shop KEY", "Write KEY= for an empty value."],
  ] as const)
    it(`points to the help that fits: slip ${words}`, async () => {
      const { code, stderr } = await run(...words.split(" "));
      assert.equal(code, 2);
      assert.ok(stderr.endsWith(`next: ${next}\n`), stderr);
    });

  it("is no wider than a terminal in what stands below the options, but for examples", async () => {
    for (const words of [[], ["deploy"], ["doctor"], ["patch"]]) {
      const { stdout } = await run(...words, "--help");
      const [before = ""] = stdout.split(/^Examples?:$/m);
      assert.deepEqual(
        before.split("\n").filter((line) => line.length > 80),
        [],
      );
    }
  });

  it("has an example in the help of every command", async () => {
    const names = [...(await run()).stdout.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] ?? "").filter((name) => name !== "help" && name !== "slip");
    assert.ok(names.length >= 20, names.join());
    for (const name of names) assert.match((await run(name, "--help")).stdout, /Examples?:\n {2}\S*.*slip /, name);
  });

  for (const [args, says] of [
    [["depoy", "."], /Unknown command 'depoy'.*\nnext: Did you mean deploy\?/],
    [["apps", "--frob"], /Unknown option '--frob'/],
    [["deploy"], /Missing required argument 'SOURCE'/],
    [["deploy", "--upload-pack=x"], /Unknown option '--upload-pack/],
    [["deploy", ".", "--instances", "many"], /--instances is "many"/],
    [["deploy", ".", "--sandbox", "none"], /no sandbox "none"/],
    [["deploy", ".", "--app", "../x"], /Wrong app/],
    [["deploy", ".", "--app", "$(rm -rf)"], /Wrong app/],
    [["deploy", ".", "--domain", "a b"], /Wrong domain/],
    [["deploy", ".", "--instances", "33"], /Wrong instances/],
    [["apps", "shop"], /[Tt]oo many arguments/],
    [["secrets"], /not complete/],
    [["secrets", "set", "shop", "1A=b"], /"1A" is not a name/],
    [["scale", "shop", "0"], /N is "0"/],
    [["scale", "shop", "33"], /instances/],
    [["restart", "$(rm -rf)"], /Wrong app/],
    [["restart", "../x"], /Wrong app/],
    [["restart", "a b"], /Wrong app/],
    [["restart", "a".repeat(300)], /Wrong app/],
    [["cancel", "dep_x"], /Wrong deployment/],
    [["undo", "jrn_x"], /Wrong entry/],
    [["undo"], /Missing required argument 'ENTRY'/],
    [["logs", "shop", "--since", "soon"], /"soon" is not a time/],
    [["domains", "add", "shop", "--", "-x"], /Wrong domain/],
    [["completion", "tcsh"], /no completion for "tcsh"/],
  ] as [string[], RegExp][])
    it(`refuses ${args.join(" ").slice(0, 40)} with one sentence and asks nothing`, async () => {
      const ran = await run(...args);
      assert.equal(ran.code, 2, ran.stderr);
      assert.equal(ran.stdout, "");
      assert.match(ran.stderr, says);
      assert.match(ran.stderr, /^error: [^\n]+\nnext: [^\n]+\n$/);
      assert.deepEqual(platform.asked, []);
    });

  it("gives the error as data with --json", async () => {
    platform.handlers["releases.list"] = () => {
      throw new SlipError("not_found", "There is no app shop.");
    };
    const ran = await run("releases", "shop", "--json");
    assert.equal(ran.code, 2);
    assert.deepEqual(JSON.parse(ran.stdout), { error: { code: "not_found", message: "There is no app shop.", next: "List what there is with 'slip apps'." } });
    assert.equal(ran.stderr, "error: There is no app shop.\nnext: List what there is with 'slip apps'.\n");
  });

  it("ends with 4 where nothing runs, and with 2 for a wrong token", async () => {
    const wrong = await slip(platform.home, ["apps"], { env: { SLIP_TOKEN: "slip_wrong" } });
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /token/);
    await platform.stop();
    const gone = await run("apps");
    assert.equal(gone.code, 4);
    assert.match(gone.stderr, /slip up/);
  });

  it("says of a platform that stands still that it does not answer", async () => {
    platform.handlers["platform.status"] = () => new Promise(() => {});
    const { code, stderr } = await run("status");
    assert.equal(code, 4);
    assert.match(stderr, /^The platform has not answered within 5 s\.\nnext: Read .*control\.log/);
  });

  it("ends a command when the platform stands still, and lets one wait that is answered late", async () => {
    const never = () => new Promise(() => {});
    Object.assign(platform.handlers, { "apps.list": never, "apps.scale": never, "logs.read": never, "platform.status": never });
    const late = new TinyPlatform({ "apps.list": () => sleep(12_000, { apps: [] }), "platform.status": () => statusOf() });
    await late.start();
    try {
      const [reads, changes, lines, waits] = await Promise.all([run("apps"), run("scale", "shop", "2"), run("logs", "shop"), slip(late.home, ["apps"])]);
      assert.equal(reads.stderr, "error: The platform has not answered within 15 s.\nnext: 'slip status' says which of its processes stands still.\n");
      assert.deepEqual(lines, reads);
      assert.match(changes.stderr, /What you asked for may be done when it goes on/);
      assert.deepEqual([reads.code, changes.code, waits], [4, 4, { code: 0, stdout: "", stderr: "" }]);
      assert.equal(late.inputsOf("platform.status").length, 1);
    } finally {
      await late.end();
    }
  });

  it("uses a platform elsewhere with SLIP_URL and SLIP_TOKEN, and says when it does not answer", async () => {
    const env = { SLIP_URL: "http://127.0.0.1:1", SLIP_TOKEN: "x" };
    const ran = await slip(platform.home, ["apps"], { env });
    assert.equal(ran.code, 4);
    assert.equal((await slip(platform.home, ["up"], { env })).code, 2);
    assert.equal((await slip(platform.home, ["apps"], { env: { SLIP_URL: "http://127.0.0.1:1" } })).code, 2);
    assert.equal((await slip(platform.home, ["apps"], { env: { SLIP_URL: "nowhere", SLIP_TOKEN: "x" } })).code, 2);
    const open = await slip(platform.home, ["apps"], { env: { SLIP_URL: "http://slip.example.org", SLIP_TOKEN: "x" } });
    assert.match(open.stderr, /unencrypted/);
  });

  it("lists with tabs and ISO times in a pipe", async () => {
    platform.handlers["apps.list"] = () => ({ apps: [appOf(), appOf({ app: "new", state: "new", release: undefined, instances: 0 })] });
    assert.equal(
      (await run("apps")).stdout,
      "shop\tlive\t3\t1\thttps://shop.slip.localhost:8443\t2026-01-01T00:00:00.000Z\nnew\tnew\t–\t0\thttps://shop.slip.localhost:8443\t2026-01-01T00:00:00.000Z\n",
    );
    platform.handlers["apps.list"] = () => ({ apps: [] });
    assert.deepEqual(await run("apps"), { code: 0, stdout: "", stderr: "" });
  });

  it("lists as JSON", async () => {
    const release = { release: 2, artifact, deployment: deploymentId, state: "live" as const, createdAt: "2026-01-01T00:00:00.000Z" };
    platform.handlers["releases.list"] = () => ({ releases: [release] });
    assert.deepEqual(JSON.parse((await run("releases", "shop", "--json")).stdout), { releases: [release] });
  });

  it("prints log lines: columns, or an object each in the order people read", async () => {
    platform.handlers["logs.read"] = async function* () {
      yield lineOf("hello\tworld");
    };
    assert.equal((await run("logs", "shop")).stdout, "2026-01-01T00:00:00.000Z\truntime\tstdout\thello\tworld\n");
    const ran = await run("logs", "shop", "--json", "--build", "--edge", "--since", "2026-01-01", "--grep", "o w", "-n", "5", "--deployment", deploymentId);
    assert.deepEqual(Object.keys(JSON.parse(ran.stdout) as object), [
      "time",
      "source",
      "stream",
      "tenant",
      "project",
      "app",
      "deployment",
      "commit",
      "instance",
      "text",
    ]);
    assert.deepEqual(platform.inputsOf("logs.read")[1], {
      app: "shop",
      source: ["build", "edge"],
      since: "2026-01-01T00:00:00.000Z",
      grep: "o w",
      limit: 5,
      deployment: deploymentId,
      follow: false,
    });
  });

  it("follows logs over an absence of the platform, without losing or doubling lines", async () => {
    const kept = [lineOf("one"), lineOf("two", "2026-01-01T00:00:01.000Z"), lineOf("two", "2026-01-01T00:00:01.000Z")];
    let asked = 0;
    platform.handlers["logs.read"] = async function* (input) {
      asked += 1;
      yield* kept.filter(({ time }) => input.since === undefined || time >= input.since);
      await new Promise(() => {});
    };
    const running = startSlip(platform.home, ["logs", "shop", "-f"]);
    let text = "";
    running.child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await until(() => text.split("\n").length >= 4);
    await platform.stop();
    kept.push(lineOf("two", "2026-01-01T00:00:01.000Z"), lineOf("three", "2026-01-01T00:00:02.000Z"));
    await platform.start();
    await until(() => text.includes("three"));
    running.child.kill("SIGTERM");
    await running.ended;
    assert.equal(asked, 2);
    assert.deepEqual(
      text.split("\n").map((line) => line.split("\t").at(-1)),
      ["one", "two", "two", "two", "three", ""],
    );
  });

  it("does not mind a reader that goes away", async () => {
    platform.handlers["logs.read"] = async function* () {
      for (let index = 0; ; index += 1) yield lineOf(`line ${index} ${"x".repeat(1_000)}`);
    };
    const { child, ended } = startSlip(platform.home, ["logs", "shop", "-f"]);
    await once(child.stdout ?? child, "data");
    child.stdout?.destroy();
    const ran = await ended;
    assert.deepEqual([ran.code, ran.stderr], [0, ""]);
  });

  it("sets secrets from words, files and standard input", async () => {
    platform.handlers["secrets.set"] = ({ app, values }) => ({ app, names: Object.keys(values) });
    writeFileSync(join(platform.home, "cert.pem"), "file\n");
    const ran = await slip(platform.home, ["secrets", "set", "shop", "A=1=2", `B=@${platform.home}/cert.pem`, "C", "--stage", "--json"], { input: "typed\n" });
    assert.deepEqual(platform.inputsOf("secrets.set"), [{ app: "shop", stage: true, values: { A: "1=2", B: "file\n", C: "typed" } }]);
    assert.deepEqual(JSON.parse(ran.stdout), { app: "shop", names: ["A", "B", "C"], deployment: null });
  });

  it("says on a line of its own that a question was not answered", async () => {
    const { code, stdout } = await slipOnTerminal(platform.home, ["secrets", "set", "shop", "TOKEN"], { after: "not shown", keys: "\u0003" });
    assert.equal(code, 3);
    assert.match(stdout, /\r?\nerror: Cancelled; nothing was changed\.\r?\n/);
    assert.deepEqual(platform.asked, []);
  });

  it("waits for the deployment that a change starts", async () => {
    platform.handlers["env.set"] = ({ app, values }) => ({ app, names: Object.keys(values), deployment: deploymentOf({ kind: "config" }) });
    platform.handlers["deployments.watch"] = async function* () {
      yield liveDeployment;
    };
    assert.deepEqual(await run("env", "set", "shop", "A=b"), { code: 0, stdout: "https://shop.slip.localhost:8443\n", stderr: "" });
  });

  it("lists the journal with ids and what is undone, and undoes an entry", async () => {
    const [one, two] = [`jrn_${"1".repeat(26)}`, `jrn_${"2".repeat(26)}`];
    const of = { time: "2026-01-01T00:00:00.000Z", actor: "owner", requestId: "r", app: "shop", input: {} };
    const inverse = { operation: "apps.restore", input: {} };
    platform.handlers["journal.list"] = () => ({
      entries: [
        { id: two, operation: "apps.restore", undoes: one, inverse, ...of },
        { id: one, operation: "apps.destroy", undoneBy: two, inverse, ...of },
      ],
    });
    assert.deepEqual(
      (await run("journal", "shop")).stdout.split("\n").map((line) => line.split("\t")),
      [[two, of.time, "owner", "apps.restore", "shop", "apps.restore", one], [one, of.time, "owner", "apps.destroy", "shop", `undone by ${two}`, "–"], [""]],
    );
    platform.handlers["journal.undo"] = ({ entry }) => ({ undone: entry, entry: two, operation: "apps.restore", app: "shop", deployment: liveDeployment });
    assert.equal((await run("undo", one)).stdout, `${liveDeployment.url}\n`);
    const told = JSON.parse((await run("undo", one, "--json")).stdout) as { entry: string; deployment: { outcome: string } };
    assert.deepEqual([told.entry, told.deployment.outcome], [two, "live"]);
  });

  it("goes on with a list after the last one that it gave", async () => {
    const [id, page] = ["1".repeat(26), { limit: 2 }];
    const lists = [
      [["deployments", "shop"], "deployments.list", "deployments", { app: "shop", before: `dep_${id}` }],
      [["journal"], "journal.list", "entries", { before: `jrn_${id}` }],
      [["plans", "list"], "plans.list", "plans", { before: `pln_${id}` }],
      [["approvals"], "approvals.list", "approvals", { before: `apv_${id}` }],
      [["webhooks", "deliveries", `whk_${id}`], "webhooks.deliveries", "deliveries", { webhook: `whk_${id}`, before: `dlv_${id}` }],
    ] as const;
    for (const [words, operation, field, input] of lists) {
      platform.handlers[operation] = () => ({ [field]: [] }) as never;
      assert.equal((await run(...words, "-n", "2", "--before", input.before)).code, 0);
      assert.deepEqual(platform.inputsOf(operation).at(-1), { ...input, ...page }, operation);
    }
  });

  it("destroys when it is told to, not by itself in a pipe", async () => {
    platform.handlers["apps.get"] = () => appOf();
    platform.handlers["apps.destroy"] = ({ app }) => ({ app, releases: 3 });
    const refused = await run("destroy", "shop");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--yes/);
    assert.deepEqual(platform.inputsOf("apps.destroy"), []);
    assert.deepEqual(JSON.parse((await run("destroy", "shop", "--yes", "--json")).stdout), { app: "shop", releases: 3 });
    await run("destroy", "shop", "--purge", "--yes");
    assert.deepEqual(platform.inputsOf("apps.destroy"), [
      { app: "shop", purge: false },
      { app: "shop", purge: true },
    ]);
  });

  it("rolls back, with the result of a deployment", async () => {
    platform.handlers["releases.rollback"] = () => deploymentOf({ kind: "rollback" });
    platform.handlers["deployments.watch"] = async function* () {
      yield liveDeployment;
    };
    const ran = await run("rollback", "shop", "--to", "3", "--json");
    assert.equal((JSON.parse(ran.stdout) as { outcome: string }).outcome, "live");
    assert.deepEqual(platform.inputsOf("releases.rollback"), [{ app: "shop", to: 3 }]);
  });

  it("prints the certificate alone", async () => {
    platform.handlers["platform.trust"] = () => ({ certificate: "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n", fingerprint: "AB:CD" });
    platform.handlers["platform.status"] = () => statusOf();
    assert.equal((await run("trust", "--pem")).stdout, "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n");
    assert.match((await run("trust")).stdout, /https:\/\/APP\.slip\.localhost:9443[\s\S]*update-ca-certificates[\s\S]*NODE_EXTRA_CA_CERTS[\s\S]*AB:CD/);
  });
});

describe("completion", () => {
  const bash = async (home: string, words: string[]): Promise<string[]> => {
    const { stdout: script } = await slip(home, ["completion", "bash"]);
    const program = `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _slip; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const child = spawn("bash", ["-c", program, "bash", ...words], { stdio: ["ignore", "pipe", "inherit"], env: { PATH: "/usr/bin:/bin" } });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await once(child, "close");
    return text.split("\n").filter((word) => word !== "");
  };

  it("completes commands, inner commands and flags in bash", async () => {
    const platform = new TinyPlatform();
    try {
      assert.deepEqual(await bash(platform.home, ["slip", "dep"]), ["deploy", "deployments"]);
      assert.deepEqual(await bash(platform.home, ["slip", "secrets", "s"]), ["set"]);
      assert.deepEqual(await bash(platform.home, ["slip", "secrets", "set", "--s"]), ["--stage"]);
      assert.deepEqual(await bash(platform.home, ["slip", "deploy", "--in"]), ["--instances"]);
    } finally {
      await platform.end();
    }
  });
});
