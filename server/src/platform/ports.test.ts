import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type ListenOptions } from "node:net";
import { test } from "node:test";
import { freePort, freeSubnet, isPortFree, usedSubnets } from "./ports.ts";

const listen = async (options: ListenOptions) => {
  const server = createServer().listen({ port: 0, ...options });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
};

test("a port that somebody listens on is not free, on whatever address and also when it may be shared", async () => {
  for (const options of [{ host: "127.0.0.1" }, { host: "0.0.0.0" }, { host: "0.0.0.0", reusePort: true }, { host: "::1" }]) {
    const { port, close } = await listen(options);
    assert.equal(await isPortFree(port), false, JSON.stringify(options));
    close();
  }
  assert.equal(await isPortFree(await freePort()), true);
});

test("a free port is not one of those that are taken already", async () => {
  const first = await freePort();
  assert.notEqual(await freePort([first]), first);
  assert.ok(first >= 20_000 && first < 32_000);
});

test("networks that routes or resolvers speak of are used", () => {
  const used = usedSubnets("default via 10.7.0.1 dev eth0\n10.42.0.0/16 dev x scope link src 10.42.0.1\n192.168.10.1\nnameserver 10.255.255.53");
  assert.deepEqual(used, new Set([7, 42, 255]));
});

test("the first network from the start that nobody uses is taken", () => {
  assert.equal(freeSubnet(new Set(), 0), 1);
  assert.equal(freeSubnet(new Set([1, 2]), 0), 3);
  assert.equal(freeSubnet(new Set([254]), 253), 1);
  assert.throws(() => freeSubnet(new Set(Array.from({ length: 254 }, (_, index) => index + 1)), 5), /every network/);
});
