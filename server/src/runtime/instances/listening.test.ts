import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { test } from "node:test";
import { hasClients, type Listener, listeners, parseListeners, parseSockets } from "./listening.ts";

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

test("clients of a port are those that are connected to it; nobody knows that of a process that is gone", async () => {
  const [asked, other] = await Promise.all([listen("127.0.0.1"), listen("127.0.0.1")]);
  const client = connect(portOf(asked), "127.0.0.1");
  try {
    await Promise.all([once(client, "connect"), once(asked, "connection")]);
    assert.deepEqual([hasClients(process.pid, portOf(asked)), hasClients(process.pid, portOf(other)), hasClients(2 ** 30, 1)], [true, false, true]);
  } finally {
    client.destroy();
    asked.close();
    other.close();
  }
});
