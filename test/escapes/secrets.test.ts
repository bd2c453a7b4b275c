// Planted secrets are given away in every way that programs commonly do, and then looked for wherever something is kept or shown.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation, repository } from "../e2e/installation.ts";
import { whole } from "../size.ts";
import { givingAway, planted } from "./planted.ts";

const app = "leaky";
const needles = givingAway();

/** Ways to end, each with the phase in which everything is given away. */
const ends = [
  { mode: "build", code: "build_failed", sampled: true },
  { mode: "layer", code: "secret_in_artifact", sampled: true },
  { mode: "exit", code: "exited", sampled: true },
  { mode: "throw", code: "exited", sampled: false },
  { mode: "abort", code: "exited", sampled: false },
  { mode: "unhealthy", code: "unhealthy", sampled: false },
  { mode: "release", code: "release_command_failed", sampled: false },
  { mode: "live", code: undefined, sampled: true },
].filter(({ sampled }) => whole || sampled);

describe("planted secrets", () => {
  const installation = new Installation();
  const folder = mkdtempSync(join(tmpdir(), "slip-planted-"));
  const source = join(folder, app);
  const patterns = join(folder, "patterns");
  /** What was shown to the owner. */
  let shown = "";
  const show = async (args: string[]): Promise<string> => {
    const { stdout, stderr } = await installation.slip(args);
    shown += `${stdout}\n${stderr}\n`;
    return stdout;
  };

  const found = (text: string): string[] => needles.filter((needle) => text.includes(needle));
  const filesWith = (path: string, words: string): string[] => {
    const exclude = path === installation.home ? [`--exclude-dir=${join(path, "run").split("/").at(-1)}`] : [];
    const command = ["--recursive", "--binary-files=text", "--fixed-strings", "--files-with-matches", "--devices=skip", ...exclude, "-f", words, path];
    try {
      return execFileSync("grep", command, { encoding: "utf8", env: { PATH: "/usr/bin:/bin", LC_ALL: "C" }, maxBuffer: 2 ** 24 })
        .split("\n")
        .filter(Boolean);
    } catch (error) {
      if ((error as { status?: number }).status === 1) return [];
      throw error;
    }
  };
  const dump = (): string =>
    execFileSync(process.execPath, [join(repository, "server/src/main/testing/dump-tables.ts")], {
      encoding: "utf8",
      env: { SLIP_HOME: installation.home },
      maxBuffer: 2 ** 28,
    });

  before(async () => {
    cpSync(join(repository, "test/fixtures/leaky"), source, { recursive: true });
    writeFileSync(patterns, `${needles.join("\n")}\n`);
    await installation.up();
    await show(["apps", "create", app]);
    for (const [name, value] of Object.entries(planted)) writeFileSync(join(folder, name), value);
    await show(["secrets", "set", app, ...Object.keys(planted).map((name) => `${name}=@${join(folder, name)}`), "--json"]);
    for (const name of Object.keys(planted)) rmSync(join(folder, name));
  });
  after(async () => {
    await installation.end();
    rmSync(folder, { recursive: true });
  });

  for (const { mode, code } of ends)
    it(`are given away by ${mode}, and the report does not have them`, async () => {
      writeFileSync(join(source, "mode"), `${mode}\n`);
      const release = mode === "release" ? 'release_command = "node leak.js release"\n' : "";
      const health = '[health]\npath = "/"\nstart = "3s"\ntimeout = "1s"\n';
      writeFileSync(join(source, "slip.toml"), `[build]\nsecrets = ${JSON.stringify(Object.keys(planted))}\n[run]\n${release}${health}`);
      const result = JSON.parse(await show(["deploy", source, "--json"])) as { failure?: { code: string } };
      assert.equal(result.failure?.code, code, JSON.stringify(result));
      await show(["deployments", app, "--json"]);
      assert.deepEqual(found(shown), []);
    });

  it("are in no log, and were printed", async () => {
    assert.equal((await installation.request(app, "/leak")).status, 200);
    await pause(1_000);
    const logs = await show(["logs", app, "--build", "--runtime", "--json", "-n", "100000"]);
    assert.ok(logs.split("marker: 10 were printed").length > ends.length, "each of them printed all of them");
    assert.match(logs, /\[redacted\]/);
    assert.deepEqual(found(logs), []);
  });

  it("are in nothing that is shown", async () => {
    for (const args of [["status"], ["journal"], ["releases", app], ["deployments", app], ["secrets", "list", app], ["env", "list", app], ["logs", app]])
      await show([...args, "--json"]);
    assert.deepEqual(found(shown), []);
  });

  it("are in no row of the database, whose dump does not hold the key either", () => {
    const text = dump();
    assert.ok(text.includes("-- public.secret_versions\n") && text.includes(app), "the dump is one");
    assert.deepEqual(found(text), []);
    for (const name of readdirSync(join(installation.home, "control")).filter((each) => each.endsWith(".key"))) {
      const key = readFileSync(join(installation.home, "control", name));
      for (const shape of [key.toString("hex"), key.toString("base64"), key.toString("base64url")]) assert.ok(!text.includes(shape), name);
    }
  });

  it("are in no file of the installation: layers, logs, journals of PostgreSQL and Restate", () => {
    assert.deepEqual(filesWith(installation.home, patterns), []);
    writeFileSync(join(folder, "marker"), "were printed\n");
    assert.ok(filesWith(join(installation.home, "logs"), join(folder, "marker")).length > 0, "files are looked into");
  });

  it("are in no file elsewhere: the caches of the user, core dumps", () => {
    assert.deepEqual(filesWith(installation.userHome, patterns), []);
    const cores = ["/", tmpdir(), repository].flatMap((path) => readdirSync(path).filter((name) => /^core(\.\d+)?$/.test(name)));
    assert.deepEqual(cores, []);
  });

  it("are in no list of processes, and in no environment but the app's own", () => {
    const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
    const read = (path: string): string => {
      try {
        return readFileSync(path, "latin1");
      } catch {
        return "";
      }
    };
    const bytes = needles.map((needle) => Buffer.from(needle).toString("latin1"));
    const has = (text: string): boolean => bytes.some((needle) => text.includes(needle));
    const ownerOf = (pid: string): number => Number(/^Uid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
    let looked = 0;
    for (const pid of processes) {
      const [words, environment] = [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)];
      if (environment.includes(`SLIP_HOME=${installation.home}`)) looked += 1;
      assert.ok(!has(words), `the words of process ${pid}: ${words.slice(0, 200)}`);
      // Under runc the app itself is a process of the machine: its environment is its own user's to read, and root's.
      assert.ok(!has(environment) || ownerOf(pid) >= 0x7000_0000, `the environment of process ${pid}: ${words.slice(0, 200)}`);
    }
    assert.ok(looked > 2, "the platform's processes were looked into");
  });

  it("cannot be read by another user of the machine", () => {
    const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "find", installation.home, "/proc/self/fd", "-type", "f", "-readable"];
    const readable = (spawnSync("setpriv", nobody, { encoding: "utf8", maxBuffer: 2 ** 26 }).stdout ?? "").split("\n").filter(Boolean);
    assert.deepEqual(
      readable.filter((path) => !/\/(code|layers|cache)\/|\/installation\.json$/.test(path)),
      [],
    );
  });
});
