import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { Receivers, Unsent } from "./receiver.ts";

const never = new AbortController().signal;
const named = ["hooks.localhost:8443", "10.0.0.5:443", "hooks.lan:9443", "127.0.0.1:8080"];
/** What a name server says of a name. */
const answering = (...addresses: string[]): Receivers => new Receivers(named, { resolve: async () => addresses });

test("an https address is kept as URLs are written", () => {
  const receivers = answering();
  assert.equal(receivers.check("https://Hooks.Example.org:443/a b?c=d#e"), "https://hooks.example.org/a%20b?c=d");
  assert.equal(receivers.check("https://1.1.1.1:8443/"), "https://1.1.1.1:8443/");
});

for (const [url, says] of [
  ["hooks.example.org", /https address/],
  ["ftp://hooks.example.org/", /https address/],
  ["file:///etc/passwd", /https address/],
  ["http://hooks.example.org/", /over http/],
  ["http://hooks.lan:9443/", /over http/],
  ["https://me:pass@hooks.example.org/", /name or password/],
  ["https://hooks.example.org:25/", /mail/],
] as [string, RegExp][])
  test(`${url} is refused where it is made`, () => assert.throws(() => answering().check(url), { code: "invalid_input", message: says }));

const closed = [
  "https://localhost/",
  "https://LOCALHOST./",
  "https://hooks.localhost/",
  "https://127.0.0.1/",
  "https://127.1/",
  "https://2130706433/",
  "https://0x7f.0.0.1/",
  "https://0177.0.0.1/",
  "https://%31%32%37.0.0.1/",
  "https://0.0.0.0/",
  "https://10.0.0.1/",
  "https://172.16.0.1/",
  "https://192.168.1.1/",
  "https://169.254.169.254/latest/meta-data/",
  "https://100.100.100.200/",
  "https://[::1]/",
  "https://[::]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:a9fe:a9fe]/",
  "https://[64:ff9b::a9fe:a9fe]/",
  "https://[2002:7f00:1::1]/",
  "https://[2001:0:7f00:1::1]/",
  "https://[fd00:ec2::254]/",
  "https://[fe80::1]/",
];
for (const url of closed)
  test(`${url} is refused where it is made, and where it was made before`, async () => {
    assert.throws(() => answering().check(url), { code: "invalid_input", message: /not on the public internet/ });
    await assert.rejects(answering("1.1.1.1").addressesOf(new URL(url), never), Unsent);
  });

test("a name is refused by what it leads to, if only one of its addresses is closed", async () => {
  const url = new URL("https://hooks.example.org/");
  assert.deepEqual(await answering("1.1.1.1", "2606:4700::1111").addressesOf(url, never), ["1.1.1.1", "2606:4700::1111"]);
  for (const address of ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:a00:1::", "fd00::1"])
    await assert.rejects(answering("1.1.1.1", address).addressesOf(url, never), { name: "Error", message: /not on the public internet/ }, address);
  await assert.rejects(answering().addressesOf(url, never), /no address/);
});

test("the machine's own addresses are closed, public ones too", async () => {
  const own = Object.values(networkInterfaces()).flatMap((all = []) => all);
  for (const { address } of own) await assert.rejects(answering(address).addressesOf(new URL("https://hooks.example.org/"), never), Unsent, address);
});

test("who starts the platform can name receivers, each with its port", async () => {
  const receivers = answering("10.0.0.9");
  assert.deepEqual(await receivers.addressesOf(new URL("https://hooks.localhost:8443/"), never), ["127.0.0.1"]);
  assert.deepEqual(await receivers.addressesOf(new URL("https://10.0.0.5/"), never), ["10.0.0.5"]);
  assert.equal(receivers.check("http://127.0.0.1:8080/"), "http://127.0.0.1:8080/");
  for (const url of ["https://hooks.localhost:8444/", "https://10.0.0.5:444/", "https://10.0.0.6/", "https://127.0.0.1:8081/"])
    assert.throws(() => receivers.check(url), { code: "invalid_input" }, url);
});
