// The program of a spare by itself, of each runtime: whom it listens to.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { tell } from "./line.ts";
import type { RuntimeName } from "./runtimes.ts";
import type { Program } from "./waiting-runtime.ts";

const folder = mkdtempSync(join(tmpdir(), "slip-wait-"));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});
writeFileSync(join(folder, "app.js"), 'console.log(process.argv.slice(2).join() + " " + process.env.WHOSE + " " + process.env.SLIP_SPARE);');
writeFileSync(join(folder, "app.py"), 'import os, sys\nprint(",".join(sys.argv[1:]), os.environ["WHOSE"], os.environ.get("SLIP_SPARE"))\n');

interface Way {
  name: RuntimeName;
  program: string;
  file: string;
  /** Its app. */
  args: readonly string[];
  /** What it says where there is nothing. */
  none: string;
}
const ways: readonly Way[] = [
  { name: "node", program: process.execPath, file: "node/wait.ts", args: ["node", "app.js"], none: "undefined" },
  { name: "python", program: "/usr/bin/python3", file: "python/wait.py", args: ["python3", "app.py"], none: "None" },
];

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : assert.fail();
};

const waiting = async ({ program, file }: Way, secret?: string): Promise<{ child: ChildProcess; port: number; said: () => string }> => {
  const port = await freePort();
  const env = secret === undefined ? {} : { SLIP_SPARE: secret };
  const child = spawn(program, [join(import.meta.dirname, file), `${port}`], { env, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  return { child, port, said: () => said };
};

const connected = async (port: number): Promise<Socket> => {
  for (const end = performance.now() + 10_000; performance.now() < end; await sleep(20)) {
    const socket = connect({ host: "127.0.0.1", port });
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    if (isOpen) return socket.on("error", () => {}).resume();
  }
  return assert.fail("it does not listen");
};

const toldOf = ({ args }: Way, whose: string): string => JSON.stringify({ args: [...args, whose], env: { WHOSE: whose, PATH: "/usr/bin" }, cwd: folder });

test("one that ends when it is told what it is has not heard it", async (t) => {
  const server = createServer((socket) => socket.once("data", () => socket.end())).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  const host = await connected(typeof address === "object" && address ? address.port : assert.fail());
  await assert.rejects(tell(host, { args: [], env: {}, cwd: "/" }), /ended before/);
});

for (const way of ways)
  describe(`what waits in ${way.name}`, { skip: existsSync(way.program) ? false : `there is no ${way.program}` }, () => {
    test("it becomes what it is told by who knows its secret, and lets go of all others", async () => {
      const { child, port, said } = await waiting(way, "s3cret");
      const [silent, wrong, slow] = await Promise.all([connected(port), connected(port), connected(port)]);
      wrong.end(`secret\n${toldOf(way, "wrong")}`);
      slow.write("s3c");
      await once(wrong, "close");
      const ended = Promise.all([silent, slow].map((socket) => once(socket, "close")));
      const host = await connected(port);
      host.write("s3cret\n");
      assert.equal(String((await once(host, "data"))[0]), "waits\n");
      await ended;
      const late = connect({ host: "127.0.0.1", port });
      await assert.rejects(once(late, "connect"), { code: "ECONNREFUSED" });
      await tell(host, JSON.parse(toldOf(way, "host")) as Program);
      const [code] = await once(child, "close");
      assert.deepEqual([code, said()], [0, `host host ${way.none}\n`]);
    });

    test("it ends where the host process ends before it has said anything", async () => {
      const { child, port } = await waiting(way, "s3cret");
      const host = await connected(port);
      host.write("s3cret\n");
      await once(host, "data");
      host.resetAndDestroy();
      await once(child, "close");
    });

    test("without a secret it waits for nobody", async () => {
      const { child } = await waiting(way);
      const [code] = await once(child, "close");
      assert.equal(code, 1);
    });
  });
