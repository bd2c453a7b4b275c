// The local authority is replaced: its files were lost or removed, and control makes another when it starts.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

const renewedMs = 30_000;
let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
  await plane.client.call("apps.create", { app: "blog" });
  await plane.client.call("domains.add", { app: "blog", domain: "blog.example.org" });
});
after(() => plane.stop());

/** Names of the certificates that a client accepts who trusts the authority on disk. */
const accepted = async (): Promise<string[]> => {
  const { publicKey } = new X509Certificate(readFileSync(join(plane.home.control, "authority.pem")));
  const rows = await plane.database<{ name: string; certificate: string }[]>`select name, certificate from certificates order by name`;
  return rows.flatMap(({ name, certificate }) => (new X509Certificate(certificate).verify(publicKey) ? [name] : []));
};

test("another authority makes every certificate anew, also of domains", async () => {
  const all = ["*.slip.localhost", "blog.example.org"];
  assert.deepEqual(await accepted(), all);
  for (const name of ["authority.pem", "authority-key.pem"]) rmSync(join(plane.home.control, name));
  await plane.kill("control");
  for (const until = performance.now() + renewedMs; (await accepted()).length < all.length && performance.now() < until; ) await sleep(50);
  assert.deepEqual(await accepted(), all);
  const before = await plane.database`select name, certificate from certificates order by name`;
  await plane.kill("control");
  await sleep(500);
  assert.deepEqual(await plane.database`select name, certificate from certificates order by name`, before, "the same authority makes nothing anew");
});
