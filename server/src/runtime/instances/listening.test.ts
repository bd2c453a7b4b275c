import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { type Listener, listeners, parseListeners } from "./listening.ts";

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
