import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "./config.ts";

test("hosts for git are names and addresses, with commas or blanks between them", () => {
  assert.deepEqual(readConfig({}).gitHosts, []);
  assert.deepEqual(readConfig({ SLIP_GIT_HOSTS: "gitea.lan, 192.168.1.5  git-2" }).gitHosts, ["gitea.lan", "192.168.1.5", "git-2"]);
});

for (const wrong of ["http://gitea.lan", "10.0.0.0/8", "-x", "a;b", "::1", "gitea.lan:3000"])
  test(`${wrong} is no host for git`, () => assert.throws(() => readConfig({ SLIP_GIT_HOSTS: wrong }), { code: "usage", message: /SLIP_GIT_HOSTS/ }));

for (const loopback of ["localhost", "127.0.0.1"])
  test(`${loopback} is refused with the reason: git has a loopback of its own`, () =>
    assert.throws(() => readConfig({ SLIP_GIT_HOSTS: loopback }), { code: "usage", message: /another machine for git/ }));

test("receivers of webhooks are named with the port that they listen on", () => {
  assert.deepEqual(readConfig({}).webhookHosts, []);
  const named = "Hooks.lan, 10.0.0.5:8443 [FD00::1]:9443 localhost:443";
  assert.deepEqual(readConfig({ SLIP_WEBHOOK_HOSTS: named }).webhookHosts, ["hooks.lan:443", "10.0.0.5:8443", "[fd00::1]:9443", "localhost:443"]);
});

for (const wrong of ["https://hooks.lan", "hooks.lan/path", "me@hooks.lan", "10.0.0.0/8", "hooks.lan:0x1", ":80", "fd00::1"])
  test(`${wrong} is no receiver of webhooks`, () =>
    assert.throws(() => readConfig({ SLIP_WEBHOOK_HOSTS: wrong }), { code: "usage", message: /SLIP_WEBHOOK_HOSTS/ }));
