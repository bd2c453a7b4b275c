import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import tls from "node:tls";
import { authorityIn } from "./authority.ts";
import { certificateName } from "./certificate-store.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "slip-authority-"));
});
after(() => rmSync(folder, { recursive: true }));

/** A real handshake; gives whether a client that trusts `ca` accepts the certificate for `servername`. */
const accepts = async (leaf: { certificate: string; key: string }, ca: string, servername: string): Promise<boolean> => {
  const server = tls.createServer({ cert: leaf.certificate, key: leaf.key }, (socket) => socket.end()).listen(0, "127.0.0.1");
  server.on("tlsClientError", () => {});
  await once(server, "listening");
  const socket = tls.connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, ca, servername });
  try {
    return await new Promise((resolve) => {
      socket.on("secureConnect", () => resolve(true));
      socket.on("error", () => resolve(false));
    });
  } finally {
    socket.destroy();
    server.close();
  }
};

test("the authority is made once, and its key is for its owner alone", async () => {
  const first = await authorityIn(folder, "Slipstream test");
  const second = await authorityIn(folder, "Slipstream test");
  assert.equal(second.fingerprint, first.fingerprint);
  assert.equal(statSync(join(folder, "authority-key.pem")).mode & 0o777, 0o600);
  assert.ok(new X509Certificate(first.certificate).ca);
});

test("clients that trust the authority accept its certificates for their names only", async () => {
  const authority = await authorityIn(folder, "Slipstream test");
  const leaf = await authority.issue(["*.slip.localhost", "slip.localhost"]);
  assert.equal(await accepts(leaf, authority.certificate, "shop.slip.localhost"), true);
  assert.equal(await accepts(leaf, authority.certificate, "slip.localhost"), true);
  assert.equal(await accepts(leaf, authority.certificate, "www.example.org"), false);
  const other = await authorityIn(mkdtempSync(join(folder, "other-")), "Another");
  assert.equal(await accepts(leaf, other.certificate, "shop.slip.localhost"), false);
});

test("one wildcard serves the default host names, each other domain has its own certificate", () => {
  assert.equal(certificateName("shop.slip.localhost"), "*.slip.localhost");
  assert.equal(certificateName("www.example.org"), "www.example.org");
  assert.equal(certificateName("a.b.slip.localhost"), "a.b.slip.localhost");
});

test("an authority that was being made when the machine stopped is the one that was made", async () => {
  const own = mkdtempSync(join(tmpdir(), "slip-authority-"));
  try {
    const { fingerprint } = await authorityIn(own, "Slipstream test");
    renameSync(join(own, "authority.pem"), join(own, "authority.pem.made"));
    assert.equal((await authorityIn(own, "Slipstream test")).fingerprint, fingerprint);
    rmSync(join(own, "authority-key.pem"));
    renameSync(join(own, "authority.pem"), join(own, "authority.pem.made"));
    assert.notEqual((await authorityIn(own, "Slipstream test")).fingerprint, fingerprint);
  } finally {
    rmSync(own, { recursive: true });
  }
});

test("a certificate beside the key of another authority is refused: nobody would trust what that signs", async () => {
  const [one, another] = [mkdtempSync(join(tmpdir(), "slip-authority-")), mkdtempSync(join(tmpdir(), "slip-authority-"))];
  try {
    for (const folder of [one, another]) await authorityIn(folder, "Slipstream test");
    writeFileSync(join(one, "authority.pem"), readFileSync(join(another, "authority.pem")));
    await assert.rejects(authorityIn(one, "Slipstream test"), { code: "key_missing", message: /authority\.pem with authority-key\.pem/ });
  } finally {
    for (const folder of [one, another]) rmSync(folder, { recursive: true });
  }
});

test("an authority of whose files one was cut off or lost is refused by its name, and made anew where they are removed", async () => {
  const own = mkdtempSync(join(tmpdir(), "slip-authority-"));
  try {
    await authorityIn(own, "Slipstream test");
    for (const name of ["authority-key.pem", "authority.pem"]) {
      const whole = readFileSync(join(own, name));
      writeFileSync(join(own, name), whole.subarray(0, 40));
      await assert.rejects(authorityIn(own, "Slipstream test"), { code: "key_missing", message: /authority\.pem with authority-key\.pem, cannot be read/ });
      rmSync(join(own, name));
      await assert.rejects(authorityIn(own, "Slipstream test"), { code: "key_missing" }, `${name} is gone`);
      writeFileSync(join(own, name), whole);
    }
    for (const name of ["authority-key.pem", "authority.pem"]) rmSync(join(own, name));
    assert.ok((await authorityIn(own, "Slipstream test")).fingerprint);
  } finally {
    rmSync(own, { recursive: true });
  }
});
