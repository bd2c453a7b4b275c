import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateFor, ticketKeys } from "./certificates.ts";

const pair = (name: string) => ({ certificate: name, key: name });
const certificates = { "*.slip.localhost": pair("wildcard"), "one.slip.localhost": pair("exact"), "*.localhost": pair("parent") };

test("the exact name wins over the wildcard, which stands for one label", () => {
  assert.equal(certificateFor(certificates, "one.slip.localhost")?.certificate, "exact");
  assert.equal(certificateFor(certificates, "TWO.slip.localhost")?.certificate, "wildcard");
  assert.equal(certificateFor(certificates, "two.slip.localhost.")?.certificate, "wildcard");
  assert.equal(certificateFor(certificates, "a.two.slip.localhost"), undefined);
  assert.equal(certificateFor(certificates, "slip.localhost")?.certificate, "parent");
  assert.equal(certificateFor(certificates, "localhost"), undefined);
  assert.equal(certificateFor(certificates, "constructor"), undefined);
});

test("ticket keys are the same for the same key, and of another for another", () => {
  assert.deepEqual(ticketKeys("a".repeat(32)), ticketKeys("a".repeat(32)));
  assert.notDeepEqual(ticketKeys("a".repeat(32)), ticketKeys("b".repeat(32)));
  assert.equal(ticketKeys("a".repeat(32)).length, 48);
});
