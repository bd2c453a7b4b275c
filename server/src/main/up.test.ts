// The supervisor as a user starts it: a repository of fixtures in place of control, host and edge, and everything else real.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { confined } from "#platform/confine.ts";
import { cleanEnv, execOrThrow } from "#platform/exec.ts";
import { processesOf } from "./supervisor/listing.ts";

const repository = resolve(import.meta.dirname, "../../..");

/** Serves what the supervisor asks for, on the socket of the process. As ours, its entries do nothing when they are only loaded, to be compiled. */
const fixture = `import http from "node:http";
import { chmodSync, rmSync } from "node:fs";
import { readConfig } from "#platform/config.ts";
import { homeAt } from "#platform/home.ts";
export const config = readConfig();
export const home = homeAt(config.home);
export const serve = (path) => {
  rmSync(path, { force: true });
  http.createServer((_, answer) => answer.end('{"workloads":[]}')).listen(path, () => chmodSync(path, 0o660));
  process.on("SIGTERM", () => process.exit(0));
};
`;
const programs = {
  "fixture.ts": fixture,
  "control.ts": `import { home, serve } from "./fixture.ts"; import { existsSync } from "node:fs"; import { join } from "node:path";
if (import.meta.main && existsSync(join(home.sources, "broken"))) { console.error("the key is broken"); process.exit(1); }
if (import.meta.main) serve(home.controlSocket);`,
  "host.ts": `import { config, home, serve } from "./fixture.ts"; import { watchSupervisor } from "./supervisor/watch.ts";
if (import.meta.main) { serve(home.hostSocket); watchSupervisor(home, config); }`,
  "edge.ts": `import { home, serve } from "./fixture.ts"; import net from "node:net";
if (import.meta.main) {
  serve(home.edgeSocket(Number(process.argv[2])));
  for (const fd of [3, 4]) net.createServer((socket) => socket.end(String(process.pid))).listen({ fd });
}`,
};

const Listed = z.object({
  running: z.boolean(),
  httpPort: z.number().nullable(),
  processes: z.array(z.object({ name: z.string(), pid: z.number().nullable(), state: z.string(), restarts: z.number(), memoryBytes: z.number().nullable() })),
});

let folder = "";
let home = "";
const sources = () => join(folder, "repository", "server", "src", "main");

const start = (program: string, args: readonly string[] = [], env: Record<string, string> = {}): ChildProcess => {
  const stores = { DATABASE_URL: "postgres://none/none", RESTATE_URL: "http://none,http://none" };
  const own = { SLIP_HOME: home, SLIP_HTTP_PORT: "0", SLIP_HTTPS_PORT: "0", NODE_COMPILE_CACHE: join(folder, "compiled"), ...stores };
  return spawn(process.execPath, [join(sources(), program), ...args], { env: { ...cleanEnv, ...own, ...env }, stdio: ["ignore", "pipe", "pipe"] });
};

const run = async (program: string, args: readonly string[] = [], env: Record<string, string> = {}) => {
  const child = start(program, args, env);
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name]?.on("data", (chunk: Buffer) => (said[name] += chunk.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, ...said };
};

/** As processes.ts prints it, without a process for each question: what is awaited is asked for again and again. */
const list = () => Listed.parse(processesOf(home));
const pids = (): Map<string, number | null> => new Map(list().processes.map(({ name, pid }) => [name, pid]));
const isMounted = (): boolean => readFileSync("/proc/self/mountinfo", "utf8").includes(home);

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (const limit = performance.now() + 15_000; !holds(); await sleep(50)) assert.ok(performance.now() < limit, what);
};

const pidOf = (name: string): number => {
  const pid = pids().get(name);
  // 0 would be this process, and those around it.
  assert.ok(pid, `${name} runs: ${JSON.stringify(list())}`);
  return pid;
};
const kill = (name: string): number => {
  const pid = pidOf(name);
  process.kill(pid, "SIGKILL");
  return pid;
};
const returned = (name: string, before: number): Promise<void> =>
  until(`${name} came back`, () => list().processes.some((one) => one.name === name && one.pid !== before && one.state === "running"));

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "slip-up-"));
  chmodSync(folder, 0o700);
  const copy = join(folder, "repository");
  mkdirSync(join(copy, "node_modules"), { recursive: true });
  // What the fixtures and the supervisor load; all packages would take a second each time.
  for (const name of ["zod", "@slipstream"])
    await execOrThrow(["cp", "--archive", "--link", join(repository, "node_modules", name), join(copy, "node_modules")]);
  for (const path of ["contract", "server", "package.json", "package-lock.json"])
    cpSync(join(repository, path), join(copy, path), { recursive: true, verbatimSymlinks: true });
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(sources(), name), text);
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("slip up", () => {
  before(() => {
    home = join(folder, "home");
  });
  afterEach(async () => {
    assert.equal((await run("up.ts", ["--down"])).code, 0);
    assert.ok(!isMounted(), "nothing is mounted any more");
    rmSync(join(home, "sources", "broken"), { force: true });
  });

  it("is ready when it returns, says nothing, and may be asked again", async () => {
    assert.deepEqual(await run("up.ts"), { code: 0, stdout: "", stderr: "" });
    const first = Listed.parse(JSON.parse((await run("processes.ts")).stdout));
    assert.ok(first.running);
    for (const { name, state, memoryBytes } of first.processes) assert.ok(state === "running" && (memoryBytes ?? 0) > 2 ** 16, name);
    assert.equal((await run("up.ts")).code, 0);
    assert.deepEqual(pids(), new Map(first.processes.map(({ name, pid }) => [name, pid])));
  });

  it("gives the public sockets to those that hold them, and not to what these start", async () => {
    await run("up.ts");
    const closeOnExec = 0o2_000_000;
    for (const name of ["host", "edge-0"])
      for (const descriptor of [3, 4]) {
        const path = `/proc/${pids().get(name)}/fd/${descriptor}`;
        assert.match(readlinkSync(path), /^socket:/);
        const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(path.replace("/fd/", "/fdinfo/"), "utf8"))?.[1];
        assert.ok(Number.parseInt(flags ?? "", 8) & closeOnExec, `${name} ${descriptor}`);
      }
  });

  it("brings back each process that is killed, and leaves the others alone", async () => {
    await run("up.ts");
    const before = pids();
    const killed = ["control", "host", "keeper", "edge-0"];
    for (const name of killed) await returned(name, kill(name));
    const now = pids();
    for (const [name, pid] of now) assert.equal(pid === before.get(name), !killed.includes(name), name);
  });

  it("goes on under a new supervisor when the supervisor is killed", async () => {
    await run("up.ts");
    const before = pids();
    await returned("supervisor", kill("supervisor"));
    for (const [name, pid] of pids()) assert.equal(pid !== before.get(name), name === "supervisor" || name === "keeper", name);
    await returned("control", kill("control"));
  });

  it("ends what is left when supervisor and host were killed together", async () => {
    await run("up.ts");
    kill("host");
    kill("supervisor");
    assert.equal((await run("up.ts", ["--down"])).code, 0);
    assert.deepEqual(list().processes, []);
  });

  it("ends what is left when it is asked twice at the same time", async () => {
    await run("up.ts");
    for (const name of ["keeper", "host", "supervisor"]) kill(name);
    const both = await Promise.all([run("up.ts", ["--down"]), run("up.ts", ["--down"])]);
    assert.deepEqual(both, [
      { code: 0, stdout: "", stderr: "" },
      { code: 0, stdout: "", stderr: "" },
    ]);
    assert.deepEqual(list().processes, []);
  });

  it("ends what was started, and not written down before its supervisor died", async () => {
    await run("up.ts");
    const host = pidOf("host");
    for (const name of ["keeper", "supervisor"]) kill(name);
    const file = join(home, "processes", "state.json");
    const state = JSON.parse(readFileSync(file, "utf8")) as { processes: { name: string }[] };
    writeFileSync(file, JSON.stringify({ ...state, processes: state.processes.filter(({ name }) => name !== "host") }));
    assert.equal((await run("up.ts", ["--down"])).code, 0);
    // Whoever takes over what has lost its parent sees to it a moment later.
    await until("the host is gone", () => !existsSync(`/proc/${host}`));
  });

  it("comes back by itself when supervisor and host are killed together", async () => {
    await run("up.ts");
    const before = pids();
    for (const pid of ["supervisor", "host"].map(pidOf)) process.kill(pid, "SIGKILL");
    for (const name of ["supervisor", "host", "keeper"]) await returned(name, before.get(name) ?? 0);
    const now = pids();
    for (const name of ["control", "edge-0"]) assert.equal(now.get(name), before.get(name), name);
  });

  it("waits for a platform that stops, and starts it anew", async () => {
    await run("up.ts");
    const [down, up] = await Promise.all([run("up.ts", ["--down"]), sleep(150).then(() => run("up.ts"))]);
    assert.deepEqual([down.code, up.code], [0, 0]);
    assert.ok(list().running);
  });

  it("is found by 'slip down' also when the list of its processes was damaged", async () => {
    await run("up.ts");
    writeFileSync(join(home, "processes", "state.json"), '{"boot":');
    assert.deepEqual(await run("up.ts", ["--down"]), { code: 0, stdout: "", stderr: "" });
    assert.deepEqual(list().processes, []);
  });

  it("keeps what runs when the supervisor dies and another process cannot start", async () => {
    await run("up.ts");
    writeFileSync(join(home, "sources", "broken"), "");
    const before = pids();
    kill("control");
    const supervisor = kill("supervisor");
    await until("another supervisor", () => list().processes.some(({ name, pid }) => name === "supervisor" && pid !== supervisor));
    await sleep(3_000);
    const now = pids();
    for (const name of ["host", "edge-0"]) assert.equal(now.get(name), before.get(name), name);
    rmSync(join(home, "sources", "broken"));
    await returned("control", before.get("control") ?? 0);
  });

  it("does not wake up with another database", async () => {
    await run("up.ts");
    await run("up.ts", ["--down"]);
    const ran = await run("up.ts", [], { DATABASE_URL: "" });
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /^This installation was made with DATABASE_URL, which is not set now\. Set DATABASE_URL as before/);
  });

  it("starts one platform when it is asked twice at the same time", async () => {
    const both = await Promise.all([run("up.ts"), run("up.ts")]);
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
    );
    assert.ok(list().running);
  });

  it("runs on when its checkout is gone", async () => {
    await run("up.ts");
    const away = join(folder, "away");
    const main = sources();
    await execOrThrow(["mv", join(folder, "repository"), away]);
    try {
      const state = () =>
        JSON.parse(readFileSync(join(home, "processes", "state.json"), "utf8")) as { processes: { name: string; pid: number; state: string }[] };
      const control = () => state().processes.find(({ name }) => name === "control");
      const before = control()?.pid;
      assert.ok(before, readFileSync(join(home, "processes", "state.json"), "utf8"));
      process.kill(before, "SIGKILL");
      await until("control came back", () => control()?.state === "ready" && control()?.pid !== before);
      assert.ok(!existsSync(main));
    } finally {
      await execOrThrow(["mv", away, join(folder, "repository")]);
    }
  });

  it("names a port that is taken, and leaves nothing behind", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const ran = await run("up.ts", [], { SLIP_HTTPS_PORT: `${port}` });
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, new RegExp(`^Port ${port} is in use by another program\\. .*SLIP_HTTPS_PORT`));
    await until("nothing runs any more", () => list().processes.length === 0);
    other.close();
  });

  it("says which process does not start and why, and leaves nothing behind", async () => {
    await run("up.ts");
    await run("up.ts", ["--down"]);
    writeFileSync(join(home, "sources", "broken"), "");
    const ran = await run("up.ts");
    assert.equal(ran.code, 4);
    assert.match(ran.stderr, /^control does not start\. Read .*control\.log\./);
    assert.match(ran.stderr, /the key is broken/);
    await until("nothing runs any more", () => list().processes.length === 0);
  });

  it("says of an installation.json that was cut off that it is to be put back, whoever reads it", async () => {
    await run("up.ts");
    await run("up.ts", ["--down"]);
    const file = join(home, "installation.json");
    const whole = readFileSync(file, "utf8");
    try {
      writeFileSync(file, whole.slice(0, 40));
      for (const args of [[], ["--down"]]) {
        const ran = await run("up.ts", args);
        assert.equal(ran.code, 4);
        assert.match(ran.stderr, /installation\.json cannot be read\. Put the file back/);
      }
      const Said = z.object({ error: z.object({ code: z.string() }) });
      assert.equal(Said.parse(JSON.parse((await run("processes.ts")).stdout)).error.code, "installation_damaged");
      const Checked = z.object({ checks: z.array(z.object({ name: z.string(), state: z.string(), fix: z.string().optional() })) });
      const [first] = Checked.parse(JSON.parse((await run("doctor.ts")).stdout)).checks;
      assert.deepEqual([first?.name, first?.state], ["installation", "failed"]);
    } finally {
      writeFileSync(file, whole);
    }
  });

  it("says whose the files are that a process cannot read, and what gives them back", async () => {
    await run("up.ts");
    await run("up.ts", ["--down"]);
    writeFileSync(join(home, "sources", "broken"), "");
    const password = join(home, "control", "postgres-password");
    const { uid, gid } = statSync(join(home, "control"));
    try {
      chownSync(password, 0, 0);
      const ran = await run("up.ts");
      assert.equal(ran.code, 4);
      assert.match(ran.stderr, new RegExp(`postgres-password does not belong to .*chown -R ${uid}:${gid} ${join(home, "control")}'`));
    } finally {
      chownSync(password, uid, gid);
    }
  });

  it("in the foreground ends with Ctrl-C, everything with it", async () => {
    const child = start("up.ts", ["--foreground"]);
    await until("it runs", () => list().running);
    child.kill("SIGINT");
    assert.deepEqual(await once(child, "exit"), [0, null]);
    assert.deepEqual(list().processes, []);
  });

  it("needs root", async () => {
    const nobody = { uid: 65_534, gid: 65_534, groups: [], umask: "0077", offline: false, named: false };
    const copy = join(folder, "repository");
    // As confined as our own processes, since the repository may lie below a folder that is closed to others.
    const how = { ...nobody, readOnly: [copy, join(process.execPath, "..")], writable: [], staging: join(copy, "contract"), cwd: copy };
    const [program, ...args] = confined(how, [process.execPath, join(sources(), "up.ts")]);
    const child = spawn(program, args, { env: { ...cleanEnv, SLIP_HOME: home }, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    assert.deepEqual(await once(child, "close"), [2, null]);
    assert.match(said, /^Sandboxes and networks need root\. Run it again with sudo\.\n$/);
  });
});
