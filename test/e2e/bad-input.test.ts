import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isErrorCode } from "@slipstream/contract/errors.ts";
import { type DeployResult, Installation } from "./installation.ts";
import { newTree, nodeFiles, nodeProgram, writeTree } from "./sources.ts";

interface BadCase {
  name: string;
  files: Record<string, string>;
  codes: string[];
  /** What the report must say besides. */
  says?: RegExp;
}

const quick = '[health]\nstart = "4s"\ntimeout = "1s"\n';
const cases: BadCase[] = [
  { name: "no start command", files: { "package.json": '{ "name": "x" }\n' }, codes: ["no_start_command"] },
  { name: "a tree that no buildpack knows", files: { "notes.txt": "hello\n" }, codes: ["no_buildpack"] },
  { name: "slip.toml with an unknown key", files: { ...nodeFiles("1"), "slip.toml": "[run]\nprot = 3000\n" }, codes: ["invalid_config"], says: /prot/ },
  { name: "slip.toml that is not TOML", files: { ...nodeFiles("1"), "slip.toml": "[run\nport = 1\n" }, codes: ["invalid_config"] },
  {
    name: "a lock file that does not install",
    files: {
      ...nodeFiles("1"),
      "package.json": '{ "name": "x", "scripts": { "start": "node server.js" }, "dependencies": { "left-pad": "1.3.0" } }\n',
      "package-lock.json": '{ "name": "x", "lockfileVersion": 3, "requires": true, "packages": { "": { "name": "x" } } }\n',
    },
    codes: ["install_failed"],
  },
  {
    name: "a build script that fails",
    files: {
      "package.json": '{ "name": "x", "scripts": { "build": "echo the-reason >&2; exit 3", "start": "node server.js" } }\n',
      "server.js": nodeProgram("1"),
    },
    codes: ["build_failed"],
    says: /the-reason/,
  },
  {
    name: "a program that exits",
    files: { ...nodeFiles("1"), "server.js": 'console.error("last words"); process.exit(7);\n' },
    codes: ["exited"],
    says: /last words/,
  },
  {
    name: "a program that answers the health check and crashes at a visit",
    files: { ...nodeFiles("1"), "server.js": nodeProgram('request.headers["x-forwarded-for"] ? process.exit(3) : 1') },
    codes: ["crash_loop"],
  },
  { name: "another port", files: { ...nodeFiles("1", 'Number("4321"), "0.0.0.0"'), "slip.toml": quick }, codes: ["wrong_port"], says: /4321/ },
  { name: "127.0.0.1 only", files: { ...nodeFiles("1", 'process.env.PORT, "127.0.0.1"'), "slip.toml": quick }, codes: ["loopback_only"] },
  { name: "no port at all", files: { ...nodeFiles("1"), "server.js": "setInterval(() => {}, 1000);\n", "slip.toml": quick }, codes: ["not_listening"] },
  {
    name: "a health path that never answers well",
    files: {
      ...nodeFiles("1"),
      "server.js": 'require("node:http").createServer((_, response) => { response.statusCode = 418; response.end(); }).listen(process.env.PORT, "0.0.0.0");\n',
      "slip.toml": '[health]\npath = "/up"\nstart = "3s"\ntimeout = "1s"\n',
    },
    codes: ["unhealthy"],
    says: /418/,
  },
  {
    name: "more memory than it has",
    files: { ...nodeFiles("1"), "server.js": "const kept = [];\nfor (;;) kept.push(Buffer.alloc(8 * 2 ** 20, 1));\n", "slip.toml": '[run]\nmemory = "96MB"\n' },
    codes: ["out_of_memory"],
  },
  {
    name: "a start command that does not exist",
    files: { ...nodeFiles("1"), "slip.toml": '[run]\ncommand = ["/no/such/program"]\n' },
    codes: ["start_failed", "exited"],
  },
  { name: "a release command that fails", files: { ...nodeFiles("1"), "slip.toml": '[run]\nrelease_command = "exit 9"\n' }, codes: ["release_command_failed"] },
];

const assertReport = (result: DeployResult, bad: Pick<BadCase, "codes" | "says">): void => {
  assert.equal(result.outcome, "failed", JSON.stringify(result));
  const { failure } = result;
  assert.ok(failure, "there is a report");
  assert.ok(bad.codes.includes(failure.code), JSON.stringify(failure));
  assert.ok(isErrorCode(failure.code));
  assert.ok(failure.summary.length > 0 && failure.nextActions.length > 0);
  if (bad.says) assert.match(JSON.stringify(failure), bad.says);
};

const installation = new Installation();
before(() => installation.up());
after(() => installation.end());

// First: it counts what runs, and there is no app yet.
describe("wrong use", () => {
  const wrong: [string, string[]][] = [
    ["an unknown command", ["frobnicate"]],
    ["an unknown flag", ["apps", "--frob"]],
    ["an app that there is not", ["logs", "no-such-app"]],
    ["an app name that cannot be", ["scale", "../etc", "2"]],
    ["a name made of a command", ["destroy", "$(reboot)", "--yes"]],
    ["a name of 300 characters", ["restart", "a".repeat(300)]],
    ["a number that is none", ["scale", "shop", "many"]],
    ["a missing argument", ["deploy"]],
    ["a deployment that there is not", ["cancel", "dep_00000000000000000000000000"]],
    ["a source that looks like a flag", ["deploy", "--upload-pack=touch /tmp/x"]],
  ];
  for (const [name, args] of wrong)
    it(`ends with 2 and one sentence: ${name}`, async () => {
      const ran = await installation.slip(args);
      assert.equal(ran.code, 2, ran.stderr);
      assert.equal(ran.stdout, "");
      assert.match(ran.stderr, /\S/);
      assert.doesNotMatch(ran.stderr, /\n\s+at /, "no stack trace");
    });

  it("refuses a wrong token", async () => {
    const ran = await installation.slip(["apps"], { env: { SLIP_TOKEN: "slip_wrong" } });
    assert.equal(ran.code, 2, ran.stderr);
    assert.match(ran.stderr, /token/);
  });

  it("ends with 4 where the platform cannot be reached", async () => {
    const ran = await installation.slip(["apps"], { env: { SLIP_HOME: `${installation.userHome}/nothing-here` } });
    assert.equal(ran.code, 4, ran.stderr);
    assert.match(ran.stderr, /slip up/);
  });

  it("refuses a second installation on the same ports, and says which", async () => {
    const second = new Installation();
    try {
      const ran = await second.slip(["up"], { env: { SLIP_HTTPS_PORT: String(installation.httpsPort) } });
      assert.equal(ran.code, 2, ran.stderr);
      assert.match(ran.stderr, new RegExp(String(installation.httpsPort)));
    } finally {
      await second.end();
    }
  });

  it("ends with 3 when a deployment is cancelled, and leaves nothing", async () => {
    const source = newTree("slow", { ...nodeFiles("1"), "server.js": "setInterval(() => {}, 1000);\n" });
    const deploying = installation.slip(["deploy", source, "--json"]);
    let id: string | undefined;
    for (let attempt = 0; attempt < 100 && id === undefined; attempt += 1) {
      const listed = await installation.slip(["deployments", "slow", "--json"]);
      if (listed.code === 0) id = (JSON.parse(listed.stdout) as { deployments: { deployment: string }[] }).deployments[0]?.deployment;
    }
    assert.ok(id, "the deployment is listed");
    await installation.expect(0, ["cancel", id]);
    const ran = await deploying;
    assert.equal(ran.code, 3, ran.stderr);
    assert.equal((JSON.parse(ran.stdout) as { outcome: string }).outcome, "cancelled");
    const status = JSON.parse(await installation.expect(0, ["status", "--json"])) as { host?: { workloads: unknown[] } };
    assert.deepEqual(status.host?.workloads, []);
  });
});

describe("bad input", () => {
  const app = "victim";
  const workloads = async (): Promise<number> => {
    const status = JSON.parse(await installation.expect(0, ["status", "--json"])) as { host?: { workloads: unknown[] } };
    return status.host?.workloads.length ?? -1;
  };
  before(async () => {
    await installation.deployLive(newTree("good", nodeFiles('"the old release"')), ["--app", app]);
  });

  for (const bad of cases)
    it(`ends failed: ${bad.name}`, async () => {
      const result = await installation.deploy(newTree("bad", bad.files), ["--app", app]);
      assertReport(result, bad);
      assert.equal((await installation.request(app)).body, "the old release");
      assert.equal(await workloads(), 1, "nothing is left over");
    });

  it("ends failed: a folder that is not there, or empty", async () => {
    const empty = mkdtempSync(join(tmpdir(), "slip-empty-"));
    try {
      assertReport(await installation.deploy(join(empty, "missing"), ["--app", app]), { codes: ["source_missing"] });
      assertReport(await installation.deploy(empty, ["--app", app]), { codes: ["source_empty"] });
      mkdirSync(join(empty, "only-a-folder"));
      assertReport(await installation.deploy(empty, ["--app", app]), { codes: ["source_empty"] });
    } finally {
      rmSync(empty, { recursive: true });
    }
  });

  it("names the line and the key of a wrong slip.toml", async () => {
    const source = newTree("wrong-key", nodeFiles("1"));
    writeTree(source, { "slip.toml": '[run]\nmemory = "512MB"\nprot = 3000\n' });
    const { failure } = await installation.deploy(source, ["--app", app]);
    assert.equal(failure?.file, "slip.toml");
    assert.equal(failure?.line, 3);
  });
});
