import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Confinement, confined } from "./confine.ts";
import { cleanEnv, exec } from "./exec.ts";

const uid = 0x7000_1231;
let closed = "";

const how = (more: Partial<Confinement> = {}): Confinement => ({
  uid,
  gid: uid,
  groups: [],
  umask: "0077",
  readOnly: [join(closed, "code")],
  writable: [join(closed, "home")],
  staging: join(closed, "home", "processes"),
  cwd: join(closed, "home"),
  offline: false,
  named: false,
  ...more,
});

/** What a shell says that runs confined. */
const shell = async (script: string, more: Partial<Confinement> = {}): Promise<string> => {
  const { stdout, stderr } = await exec(confined(how(more), ["sh", "-c", script]));
  return stdout + stderr;
};

before(() => {
  closed = mkdtempSync(join(tmpdir(), "slip-confine-"));
  chmodSync(closed, 0o700);
  for (const folder of ["code", "home", "home/processes", "home/own", "other"]) mkdirSync(join(closed, folder));
  writeFileSync(join(closed, "code", "file"), "code of ours");
  chownSync(join(closed, "home", "own"), uid, uid);
});
after(() => rmSync(closed, { recursive: true }));

test("name servers of its own are seen in place of the machine's", async () => {
  assert.equal(await shell("cat /etc/resolv.conf", { resolvConf: "nameserver 192.0.2.1\n" }), "nameserver 192.0.2.1\n");
});

test("a program below a closed folder reads its code and writes its own folder, at their usual paths", async () => {
  const said = await shell(`cat ${closed}/code/file && echo text > ${closed}/home/own/file`);
  assert.equal(said, "code of ours");
  assert.equal(readFileSync(join(closed, "home", "own", "file"), "utf8"), "text\n");
  assert.equal(statSync(join(closed, "home", "own", "file")).mode & 0o777, 0o600);
  assert.equal(statSync(closed).mode & 0o777, 0o700, "the folder above stays closed");
});

test("it has no capability and can gain none", async () => {
  const status = await shell("cat /proc/self/status");
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) assert.match(status, new RegExp(`^${set}:\\s+0{16}$`, "m"));
  assert.match(status, /^NoNewPrivs:\s+1$/m);
  assert.match(status, new RegExp(`^Uid:(\\s+${uid}){4}$`, "m"));
  assert.match(status, new RegExp(`^Gid:(\\s+${uid}){4}$`, "m"));
  assert.match(status, /^Groups:\s*$/m);
});

test("it sees no folder that it was not given, and changes neither its code nor the system", async () => {
  const said = await shell(`ls -d ${closed}/other /root /home; touch ${closed}/code/new /usr/new /new; ls ${closed}`);
  for (const path of [`${closed}/other`, "/root", "/home"]) assert.match(said, new RegExp(`cannot access '${path}'`));
  assert.equal(said.match(/Read-only file system/g)?.length, 3);
  assert.match(said, /^code\nhome\n/m);
  assert.ok(!existsSync(join(closed, "code", "new")));
});

test("its process id is that of what was started", async () => {
  const { spawn } = await import("node:child_process");
  const [program, ...args] = confined(how(), ["sh", "-c", "echo $$"]);
  const child = spawn(program, args, { env: { ...cleanEnv }, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const chunk of child.stdout) said += String(chunk);
  assert.equal(Number(said), child.pid);
});

test("offline, it has no network but one that leads nowhere", async () => {
  const script = "cat /proc/net/route /proc/net/ipv6_route; cat /proc/net/dev";
  assert.deepEqual((await shell(script, { offline: true })).match(/^\s*\w+:/gm), ["    lo:"]);
  assert.notEqual(await shell("readlink /proc/self/ns/net", { offline: true }), await shell("readlink /proc/self/ns/net"));
});

test("a name and groups are there, where they are asked for", async () => {
  assert.match(await shell("id -nu; id -G", { named: true, groups: [uid + 1] }), new RegExp(`^slip\n${uid} ${uid + 1}\n`));
  assert.match(await shell("id -nu"), /cannot find name/);
});

test("nothing of it is mounted outside", async () => {
  await shell("true");
  assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(closed));
});

test("a path of strange characters is a path and nothing else", async () => {
  const strange = join(closed, "home", "own", 'a b"$(touch pwned)\t#\\040\\\n/ none');
  mkdirSync(strange, { recursive: true });
  writeFileSync(join(strange, "file"), "code\n");
  assert.equal(await shell("pwd; mountpoint -q . && echo mounted", { writable: [join(closed, "home"), strange], cwd: strange }), `${strange}\nmounted\n`);
  // Nothing above it is given here.
  assert.equal(
    await shell("cat file; ls ..", { readOnly: [strange], writable: [], staging: join(closed, "home", "processes"), cwd: strange }),
    "code\n none\n",
  );
  assert.ok(!existsSync(join(closed, "home", "pwned")));
});
