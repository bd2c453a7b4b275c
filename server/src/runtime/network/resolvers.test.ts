import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseResolvers, resolvConf, resolvers } from "./resolvers.ts";

test("name servers are read from a resolv.conf, IPv4 only", () => {
  const text = "# nameserver 9.9.9.9\nsearch example.org\nnameserver 10.0.0.53\n nameserver\t1.1.1.1 \nnameserver fd00::53\nnameserver x\n";
  assert.deepEqual(parseResolvers(text), ["10.0.0.53", "1.1.1.1"]);
});

test("behind a stub on loopback, those that it asks are taken", () => {
  const folder = mkdtempSync(join(tmpdir(), "slip-resolv-"));
  try {
    writeFileSync(join(folder, "stub"), "nameserver 127.0.0.53\n");
    writeFileSync(join(folder, "real"), "nameserver 192.168.1.1\n");
    assert.deepEqual(resolvers([join(folder, "stub"), join(folder, "missing"), join(folder, "real")]), ["192.168.1.1"]);
    assert.deepEqual(resolvers([join(folder, "stub")]), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what a sandbox is told reads back as the same", () => assert.deepEqual(parseResolvers(resolvConf(["10.0.0.53", "1.1.1.1"])), ["10.0.0.53", "1.1.1.1"]));
