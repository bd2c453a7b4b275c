import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { cleanEnv, execOrThrow } from "#platform/exec.ts";
import { type Attempt, attempts } from "../testing/ipv6-attempts.ts";
import { needsRoot } from "../testing/runtime-fixture.ts";

interface Seen {
  names: { a: string[]; aaaa: string[] };
  attempts: Attempt[];
  /** What each attempt came to with the rules, and without them. */
  refused: Record<string, string>;
  open: Record<string, string>;
  lines: string[];
}

describe("an instance that came to have IPv6", { skip: needsRoot }, () => {
  let seen: Seen;
  before(async () => {
    const world = join(import.meta.dirname, "..", "testing", "ipv6-world.ts");
    seen = JSON.parse(await execOrThrow(["unshare", "--net", "--mount", process.execPath, world], { timeoutMs: 90_000, env: cleanEnv }));
  });

  test("is told another address when it asks for a name again", () => {
    assert.deepEqual(seen.names.a, ["198.51.100.7", "169.254.169.254"]);
    assert.deepEqual(seen.names.aaaa, ["2001:db8::7", "fd00:ec2::254"]);
  });

  for (const name of [...attempts.map((each) => each.name), "rebinding", "rebinding to IPv6"])
    test(`does not reach, which is told: ${name}; without the rules it would`, () => {
      const { address, port } = seen.attempts.find((each) => each.name === name) ?? assert.fail(`${name} was not tried`);
      assert.deepEqual([seen.refused[name], seen.open[name]], ["no", "yes"]);
      const told = `Refused by the firewall: ${address.replace("::ffff:", "")} port ${port} (tcp).`;
      assert.ok(
        seen.lines.some((line) => line.startsWith(told)),
        `${told} is not in\n${seen.lines.join("\n")}`,
      );
    });
});
