import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCertificate, trialTable } from "../edge-trial.ts";
import { CertificateContexts, certificateFor, ticketKeys } from "./certificates.ts";

const pair = (name: string) => ({ certificate: name, key: name });
const certificates = trialTable(1, {}, { "*.slip.localhost": pair("wildcard"), "one.slip.localhost": pair("exact"), "*.localhost": pair("parent") });

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

test("what is ready is bounded, and what was asked for last stays", async () => {
  const names = ["one.example", "two.example", "three.example"];
  const made = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await makeCertificate(name)] as const)));
  const contexts = new CertificateContexts(2);
  contexts.follow(trialTable(1, {}, made));
  const [one, two] = [contexts.contextFor("one.example"), contexts.contextFor("two.example")];
  assert.equal(contexts.contextFor("one.example"), one, "it is made once");
  assert.ok(contexts.contextFor("three.example"));
  assert.equal(contexts.contextFor("one.example"), one, "it was asked for after the other one");
  const again = contexts.contextFor("two.example");
  assert.ok(again);
  assert.notEqual(again, two);
});
