import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { limit } from "@slipstream/contract/limits.ts";
import { cleanEnv, execOrThrow } from "#platform/exec.ts";
import { needsRoot } from "../testing/runtime-fixture.ts";
import { egressScript } from "./egress.ts";

test("the table is replaced in one go, and without resolvers no name server may be asked", () => {
  const script = egressScript({ id: "abcdef", subnet: 77, resolvers: [] });
  assert.ok(script.startsWith("table inet slip_abcdef\ndelete table inet slip_abcdef\ntable inet slip_abcdef {\n"));
  assert.doesNotMatch(script, /dport 53/);
  assert.match(
    egressScript({ id: "abcdef", subnet: 77, resolvers: ["10.0.0.53"] }),
    /ip daddr \{ 10\.0\.0\.53 \} meta l4proto \{ tcp, udp \} th dport 53 accept/,
  );
});

describe("an instance", { skip: needsRoot }, () => {
  let seen: Record<string, string>;
  before(async () => {
    const world = join(import.meta.dirname, "..", "testing", "egress-world.ts");
    seen = JSON.parse(await execOrThrow(["unshare", "--net", "--mount", process.execPath, world], { timeoutMs: 90_000, env: cleanEnv }));
  });
  const closed = (name: string): void => assert.equal(seen[name], "no", `${name}: ${seen[name]}`);

  test("reaches the internet", () => assert.equal(seen.public, "yes"));
  for (const name of ["metadata", "private10", "private172", "private192", "shared"])
    test(`does not reach ${name}, though the machine does`, () => {
      assert.equal(seen[`${name} from the machine`], "yes");
      closed(name);
    });
  test("asks the resolver for names, and nothing else of it, and no other private address", () => {
    assert.equal(seen["the resolver's port 53"], "yes");
    closed("resolver");
    closed("port 53 of a private address");
  });
  for (const port of [25, 465, 587]) test(`sends no mail by port ${port}`, () => closed(`mail ${port}`));
  for (const name of ["gateway", "uplink"])
    test(`reaches no port of the machine by the address of its ${name}`, () => {
      closed(`machine by its ${name}, 8080`);
      closed(`machine by its ${name}, 53`);
    });
  test("has a loopback of its own", () => assert.equal(seen["machine by the loopback address"], "refused"));
  test("does not reach another instance, which the machine does", () => {
    assert.equal(seen["another instance from the machine"], "yes");
    closed("another instance");
  });
  test("that is gone leaves no address that leads out", () => closed("an address of no instance"));
  test("is not reached from outside", () => closed("an instance from outside"));
  test("cannot fill the machine's table of connections", () => {
    const flows = Number(seen["flows of one instance"]);
    assert.ok(flows > 1_000 && flows <= limit("flows"), `${flows}`);
    assert.equal(seen["the internet for another instance"], "yes");
  });
  test("lets a git fetch reach the internet and the private host that is named, and nothing else that is private", () => {
    const reached = ["public", "private10"].map((name) => seen[`git: ${name}`]);
    assert.deepEqual(reached, ["yes", "yes"]);
    for (const name of ["metadata", "private172", "private192", "shared", "resolver", "mail 25", "machine by its uplink, 8080"]) closed(`git: ${name}`);
    assert.equal(seen.private10, "no", "an instance does not reach what is named for git");
  });
  test("refuses a git fetch at once, and tells what", () => {
    assert.equal(seen["git: why not private192"], "EHOSTUNREACH");
    assert.match(seen["git: told"] ?? "", /Refused by the firewall: 192\.168\.7\.7 port 80 \(tcp\)/);
    assert.equal(seen["git: name servers"], "nameserver 10.66.0.53");
  });
  test("holds the network of a git fetch for as long as it takes", () => {
    assert.match(seen["git: networks"] ?? "", /^slipabcdef-\d+$/);
    assert.equal(seen["git: networks afterwards"], "");
  });
  test("has no IPv6", () => assert.equal(seen.IPv6, "1"));
  test("leaves no network, no route and no rule", () => assert.deepEqual([seen["namespaces left"], seen["routes left"], seen["tables left"]], ["", "", ""]));
});
