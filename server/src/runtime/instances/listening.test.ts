import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { needsRoot } from "../testing/runtime-fixture.ts";
import { hasClients, isClosed, type Listener, listeners, PortClients, parseListeners, parseSockets, sameMomentMs } from "./listening.ts";

test("listeners are read from the kernel's table, connections are not", () => {
  const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const row = (local: string, state: string): string => `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1\n`;
  assert.deepEqual(parseListeners(head + row("0100007F:0BB8", "0A") + row("00000000:1F90", "0A") + row("0100007F:0BB8", "01")), [
    { port: 3000, loopback: true },
    { port: 8080, loopback: false },
  ]);
  assert.deepEqual(parseListeners(row("00000000000000000000000001000000:0BB8", "0A")), [{ port: 3000, loopback: true }]);
  assert.deepEqual(parseListeners(row("0000000000000000FFFF00000100007F:0BB8", "0A")), [{ port: 3000, loopback: true }]);
  assert.deepEqual(parseListeners(row("00000000000000000000000000000000:0BB8", "0A")), [{ port: 3000, loopback: false }]);
});

test("how many sockets are open is read from the kernel's own count", () => {
  assert.equal(parseSockets("sockets: used 264\nTCP: inuse 31 orphan 0 tw 181 alloc 45 mem 950\nUDP: inuse 0 mem 0\n"), 31);
  assert.equal(parseSockets("TCP6: inuse 10\nUDP6: inuse 2\n"), 10);
  assert.equal(parseSockets("UDP6: inuse 2\n"), Number.NaN);
});

const listen = (host: string): Promise<Server> =>
  new Promise((resolve) =>
    createServer().listen(0, host, function (this: Server) {
      resolve(this);
    }),
  );
const portOf = (server: Server): number => (server.address() as { port: number }).port;

test("this process's own listeners are seen as they are", async () => {
  const [inner, outer] = await Promise.all([listen("127.0.0.1"), listen("0.0.0.0")]);
  const found = (server: Server): Listener | undefined => listeners(process.pid).find(({ port }) => port === portOf(server));
  try {
    assert.deepEqual([found(inner)?.loopback, found(outer)?.loopback], [true, false]);
  } finally {
    inner.close();
    outer.close();
  }
});

/** Listens on many ports in a network of its own; what is written to it connects a client to one of them, and what follows that parts them. */
const many = `
import { connect, createServer } from "node:net";
import { once } from "node:events";
const servers = Array.from({ length: 40 }, () => createServer().listen(0, "127.0.0.1"));
await Promise.all(servers.map((server) => once(server, "listening")));
const ports = servers.map((server) => server.address().port);
process.stdout.write(JSON.stringify(ports));
let pair = [];
process.stdin.on("data", async () => {
  if (pair.length > 0) for (const socket of pair) socket.destroy();
  else {
    const accepted = once(servers[30], "connection");
    pair = [connect(ports[30], "127.0.0.1"), ...(await accepted)];
  }
  process.stdout.write("done");
});
process.stdin.once("end", () => process.exit());
`;

test("clients of a port are those that are connected to it", { skip: needsRoot }, async () => {
  const program = spawn("unshare", ["--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', process.execPath, "--input-type=module", "-e", many]);
  const said = async (): Promise<string> => String((await once(program.stdout, "data"))[0]);
  const next = async (): Promise<void> => {
    const done = said();
    program.stdin.write("next");
    await done;
    await sleep(sameMomentMs + 1);
  };
  try {
    const ports = z.array(z.number()).parse(JSON.parse(await said()));
    const clients = new PortClients();
    // The first, the one that is asked, and the last.
    const asked = [0, 30, 39].map((index) => ports[index] ?? 0);
    const seen = (): boolean[][] => [asked.map((port) => clients.has(program.pid ?? 0, port)), asked.map((port) => hasClients(program.pid ?? 0, port))];
    const [nobody, one] = [
      [false, false, false],
      [false, true, false],
    ];
    assert.deepEqual(seen(), [nobody, nobody]);
    assert.equal(isClosed(program.pid), false);
    await next();
    assert.deepEqual(seen(), [one, one]);
    // What was read a moment ago is of that process alone.
    assert.deepEqual([clients.has(program.pid ?? 0, 1), clients.has(2 ** 30, 1)], [false, true]);
    await next();
    assert.deepEqual(seen(), [nobody, nobody]);
  } finally {
    program.stdin.end();
    await once(program, "close");
  }
});

test("a network is closed in which no socket is open", { skip: needsRoot }, async () => {
  const program = spawn("unshare", ["--net", "sh", "-c", "echo there && read line"]);
  try {
    await once(program.stdout, "data");
    assert.deepEqual([isClosed(program.pid), isClosed(2 ** 30), isClosed(undefined)], [true, false, false]);
  } finally {
    program.stdin.end();
    await once(program, "close");
  }
});

test("nobody knows the clients of a process that is gone", () => {
  assert.deepEqual([hasClients(2 ** 30, 1), new PortClients().has(2 ** 30, 1)], [true, true]);
});
