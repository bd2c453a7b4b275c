// infra/debian/packages.sh: what is missing of the machine is installed, once. A folder of programs stands for the machine's PATH.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

const original = resolve(import.meta.dirname, "../../infra/debian/packages.sh");
const onlyDebian = { skip: (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) && "needs root on Debian" };
const tools = ["sh", "id", "grep", "sleep", "mktemp", "rm", "tail", "flock", "touch"];

let folder = "";
let script = "";
let bin = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slip-packages-"));
  bin = join(folder, "bin");
  script = join(folder, "infra/debian/packages.sh");
  for (const path of ["bin", "infra/debian", "node_modules"]) mkdirSync(join(folder, path), { recursive: true });
  // The script looks into the system's own folders too, where this machine may have everything.
  writeFileSync(script, readFileSync(original, "utf8").replace("PATH=$PATH:/usr/sbin:/sbin\n", ""));
  for (const name of tools) symlinkSync(spawnSync("sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" }).stdout.trim(), join(bin, name));
  // Of the group `tests` only skopeo and curl are ever missing here.
  for (const name of ["mkfs.ext4", "losetup"]) has(name);
});
afterEach(() => rmSync(folder, { recursive: true }));

const install = (...groups: string[]) => {
  const { status, stdout, stderr } = spawnSync("/bin/sh", [script, ...groups], {
    env: { PATH: bin, BIN: bin, CALLS: join(folder, "calls") },
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, stdout, stderr };
};

/** An apt-get that writes down its words, then does what `text` says. */
const aptGet = (text: string): void => {
  writeFileSync(join(bin, "apt-get"), `#!/bin/sh\nwhile [ "$1" != update ] && [ "$1" != install ]; do shift; done\necho "$*" >>"$CALLS"\n${text}\n`);
  chmodSync(join(bin, "apt-get"), 0o755);
};
const has = (name: string): void => copyFileSync("/bin/true", join(bin, name));
const update = "update -o APT::Update::Error-Mode=any";
const calls = (): string[] => (existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : []);

test("what is missing is installed after an update, in one go", onlyDebian, () => {
  has("skopeo");
  aptGet('[ "$1" = update ] || touch "$BIN/curl"');
  assert.deepEqual(install("tests"), { status: 0, stdout: "", stderr: "Installing curl (apt-get) …\n" });
  assert.deepEqual(calls(), [update, "install --no-install-recommends curl"]);
});

test("where nothing is missing no program is started", () => {
  for (const name of ["skopeo", "curl"]) has(name);
  for (const name of tools) rmSync(join(bin, name));
  assert.deepEqual(install("tests"), { status: 0, stdout: "", stderr: "" });
});

test("without apt-get what is missing is named with its packages", () => {
  has("curl");
  const { status, stdout, stderr } = install("tests");
  assert.deepEqual({ status, stdout }, { status: 4, stdout: "" });
  assert.equal(stderr, "These are missing: skopeo. Install them (Debian calls the packages skopeo) and run the command again.\n");
});

test("a package that cannot be installed is told of with the words of apt-get", onlyDebian, () => {
  has("curl");
  aptGet('echo "E: no room on $1"; exit 100');
  const { status, stderr } = install("tests");
  assert.equal(status, 4);
  assert.match(stderr, /apt-get update failed:\nE: no room on update\n/);
  assert.match(stderr, /apt-get install failed:\nE: no room on install\nThese packages could not be installed: skopeo\. Install them yourself/);
});

test("a source that does not answer is not told of when all could be installed", onlyDebian, () => {
  has("curl");
  aptGet('[ "$1" = install ] && touch "$BIN/skopeo"');
  assert.deepEqual(install("tests"), { status: 0, stdout: "", stderr: "Installing skopeo (apt-get) …\n" });
});

test("what is only wanted is left out where it is not to be had, and asked for once", onlyDebian, () => {
  for (const name of ["runc", "conmon", "ip", "nft", "pivot_root", "git", "ssh", "ps"]) has(name);
  aptGet('[ "$1" = update ]');
  const first = install("platform");
  assert.equal(first.status, 0);
  assert.match(first.stderr, /The package runsc is not available here; 'slip doctor' says/);
  assert.deepEqual(install("platform"), { status: 0, stdout: "", stderr: "" });
});

test("an update waits while another apt-get is at work", { ...onlyDebian, timeout: 30_000 }, () => {
  has("curl");
  aptGet(
    '[ "$1" = install ] && exec touch "$BIN/skopeo"; [ -e "$CALLS.second" ] || { touch "$CALLS.second"; echo "E: Could not get lock /lists/lock"; exit 100; }',
  );
  assert.deepEqual(install("tests"), { status: 0, stdout: "", stderr: "Installing skopeo (apt-get) …\n" });
  assert.deepEqual(calls(), [update, update, "install --no-install-recommends skopeo"]);
});
