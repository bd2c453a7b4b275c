import assert from "node:assert/strict";
import { test } from "node:test";
import { environmentOf, readConfig } from "./config.ts";

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

test("another process of the installation reads what this one has read", () => {
  const said = {
    SLIP_HOME: "/srv/slip",
    DATABASE_URL: "postgres://a:b@127.0.0.1/slip",
    RESTATE_URL: "http://127.0.0.1:1,http://127.0.0.1:2",
    SLIP_SANDBOX_FLOOR: "gvisor",
    SLIP_SPARES: "0",
    SLIP_GIT_HOSTS: "git.example.org,10.1.2.3",
    SLIP_WEBHOOK_HOSTS: "10.1.2.3:8080",
    SLIP_FAULTS: "1",
    SLIP_FAULT_CLOCK: "/tmp/clock",
  };
  assert.deepEqual(environmentOf(readConfig(said)), said);
  assert.deepEqual(environmentOf(readConfig({ SLIP_HOME: "/srv/slip" })), { SLIP_HOME: "/srv/slip" });
});

for (const wrong of ["-1", "two", "1000", "1.5"])
  test(`${wrong} is no number of sandboxes`, () => assert.throws(() => readConfig({ SLIP_SPARES: wrong }), { code: "usage", message: /SLIP_SPARES/ }));
