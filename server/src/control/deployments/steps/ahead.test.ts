import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import tls from "node:tls";
import { authorityIn } from "../../certificates/authority.ts";
import { Ahead } from "./ahead.ts";

const host = "app.slip.localhost";

/** A server that a proof can reach, and the connections that it has accepted. */
const world = async (context: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), "slip-ahead-"));
  const authority = await authorityIn(folder, "Test");
  const { certificate, key } = await authority.issue([host]);
  const accepted: tls.TLSSocket[] = [];
  const server = tls.createServer({ cert: certificate, key }, (socket) => accepted.push(socket.on("error", () => undefined).resume()));
  await once(server.listen(0, "127.0.0.1"), "listening");
  context.after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const control = { authority, installation: { httpsPort: (server.address() as AddressInfo).port } } as ConstructorParameters<typeof Ahead>[0];
  return { control, server, accepted };
};

test("the connection that was made ahead is for the first who asks for its host name, and the next one makes its own", async (context) => {
  const { control, server } = await world(context);
  const ahead = new Ahead(control, host);
  await once(server, "secureConnection");
  assert.equal(ahead.take("other.slip.localhost"), undefined);
  const socket = ahead.take(host);
  assert.ok(socket && !socket.destroyed);
  assert.equal(ahead.take(host), undefined);
  ahead.close();
  assert.equal(socket.destroyed, false);
  socket.destroy();
});

test("a connection that broke is given to nobody", async (context) => {
  const { control, server, accepted } = await world(context);
  const ahead = new Ahead(control, host);
  await once(server, "secureConnection");
  for (const socket of accepted) socket.end();
  await Promise.all(accepted.map((socket) => once(socket, "close")));
  assert.equal(ahead.take(host), undefined);
});

test("what nobody took ends", async (context) => {
  const { control, server, accepted } = await world(context);
  const ahead = new Ahead(control, host);
  await once(server, "secureConnection");
  const [other] = accepted;
  assert.ok(other);
  const ended = once(other, "close");
  ahead.close();
  await ended;
});
