import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { type TestContext, test } from "node:test";
import { freePort } from "#platform/ports.ts";
import { inheritedAt, PublicSockets } from "./public-sockets.ts";

const bound = async (context: TestContext) => {
  const httpPort = await freePort();
  const httpsPort = await freePort([httpPort]);
  const sockets = await PublicSockets.bound({ httpPort, httpsPort });
  context.after(() => sockets.close());
  return { sockets, httpsPort };
};

/** A process that says its number to each client. */
const server = `require("node:net").createServer((client) => client.end(String(process.pid))).listen({ fd: ${inheritedAt.https} }, () => console.log("listens"))`;

const startServer = async (context: TestContext, sockets: PublicSockets): Promise<ChildProcess> => {
  const child = spawn(process.execPath, ["-e", server], { stdio: ["ignore", "pipe", "inherit", ...sockets.descriptors] });
  context.after(() => child.kill("SIGKILL"));
  assert.ok(child.stdout);
  await once(child.stdout, "data");
  return child;
};

const kill = async (child: ChildProcess): Promise<void> => {
  child.kill("SIGKILL");
  await once(child, "exit");
};

/** What a client is told by who accepts it. */
const ask = async (port: number): Promise<string> => {
  const client = net.connect(port, "127.0.0.1").setEncoding("utf8");
  let said = "";
  for await (const chunk of client) said += chunk;
  return said;
};

test("a connection that nobody has accepted waits for the next process, and its holder accepts none", async (context) => {
  const { sockets, httpsPort } = await bound(context);
  await kill(await startServer(context, sockets));
  const waiting = Array.from({ length: 20 }, () => ask(httpsPort));
  const { pid } = await startServer(context, sockets);
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set([`${pid}`]));
});

test("a process that is stopped keeps no connection from the others", async (context) => {
  const { sockets, httpsPort } = await bound(context);
  const stopped = await startServer(context, sockets);
  const { pid } = await startServer(context, sockets);
  stopped.kill("SIGSTOP");
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(httpsPort)));
  assert.deepEqual(new Set(answers), new Set([`${pid}`]));
});

test("a port that somebody listens on is taken", async (context) => {
  const { httpsPort, sockets } = await bound(context);
  await startServer(context, sockets);
  const refused = { code: "ports_taken", message: `Port ${httpsPort} is in use by another program.` };
  await assert.rejects(PublicSockets.bound({ httpPort: await freePort(), httpsPort }), refused);
});
