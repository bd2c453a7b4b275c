import assert from "node:assert/strict";
import { test } from "node:test";
import { base58, identityKeyOf, newIdentity, restateConfig } from "./restate-server.ts";

test("base 58 of known bytes", () => {
  assert.equal(base58(Buffer.from("Hello World!")), "2NEpo7TZRRrLZSi2U");
  assert.equal(base58(Buffer.from("0000287fb4cd", "hex")), "11233QC4");
  assert.equal(base58(Buffer.alloc(3)), "111");
  assert.equal(base58(Buffer.alloc(0)), "");
});

test("the public key is made of the private one", () => {
  const pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
  // RFC 8032 section 7.1, test 1: d75a9801…f707511a
  assert.equal(identityKeyOf(pem), `publickeyv1_${base58(Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex"))}`);
  assert.match(identityKeyOf(newIdentity()), /^publickeyv1_[1-9A-HJ-NP-Za-km-z]{43,44}$/);
});

test("paths are quoted as TOML wants it", () => {
  assert.match(restateConfig({ baseDir: '/a "b"', identity: "/i" }), /^base-dir = "\/a \\"b\\""$/m);
});
