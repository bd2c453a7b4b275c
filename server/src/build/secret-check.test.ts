import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { blobFolder } from "#platform/oci/layout.ts";
import { secretCheck } from "./secret-check.ts";
import { buildFixture, testUser } from "./testing/build-fixture.ts";
import { chrootRunner } from "./testing/chroot-runner.ts";

const value = 'tok"en/4f1c?9 of the test';
const refused = (name: string, content: string | Buffer): boolean => {
  try {
    secretCheck({ TOKEN: value, SHORT: "eleven bits" }, "shop")?.check(name, Buffer.from(content));
    return false;
  } catch (error) {
    assert.equal((error as { code?: string }).code, "secret_in_artifact");
    return true;
  }
};

test("a value is found as it is and as programs write it, and nothing else is", () => {
  const base64 = ["", "a", "ab"].map((before) => Buffer.from(`${before}${value} and more`).toString("base64"));
  for (const text of [value, `x=${value};`, JSON.stringify({ value }), `?a=${encodeURIComponent(value)}&b`, ...base64]) assert.ok(refused("app/a", text), text);
  for (const text of ["", value.slice(1), value.toUpperCase(), "eleven bits"]) assert.ok(!refused("app/a", text), text);
  assert.equal(secretCheck({ SHORT: "eleven bits" }, "shop"), undefined);
  assert.equal(secretCheck({}, "shop"), undefined);
});

const skip = process.getuid?.() !== 0 && "needs root for overlays and chroot";
const fixture = buildFixture(chrootRunner(testUser));
after(() => fixture[Symbol.dispose]());

const blobsWith = (text: string): string[] =>
  readdirSync(blobFolder(fixture.home)).filter((name) => readFileSync(join(blobFolder(fixture.home), name)).includes(text));

/** In a file of three pieces, across the border of two. */
const across = 'node -e \'const { writeFileSync } = require("fs"); writeFileSync("large", "x".repeat(2 ** 20 - 9) + process.env.TOKEN + "x".repeat(2 ** 20))\'';
const steps = {
  "the install step": { install: 'mkdir node_modules && echo "//registry/:_authToken=$TOKEN" > .npmrc' },
  "the build step": { command: 'mkdir dist && echo "$TOKEN" > dist/config.js' },
  "a build step in a large file": { command: across },
};

for (const [what, build] of Object.entries(steps))
  test(`what ${what} writes of a secret makes no artifact, and the report says where it is`, { skip }, async () => {
    const source = await fixture.store({ "package.json": '{"scripts":{"start":"node server.js"}}', "server.js": "" });
    const result = await fixture.build(source, { config: { build }, secrets: { TOKEN: value } });
    assert.ok(result.outcome === "failed", JSON.stringify(result));
    const { code, file, summary, nextActions } = result.failure;
    assert.equal(code, "secret_in_artifact");
    assert.match(file ?? "", /^(\.npmrc|dist\/config\.js|large)$/);
    assert.ok(summary.startsWith(`${file} holds the value of the secret TOKEN`), summary);
    assert.match(nextActions.join(" "), /slip env set app TOKEN/);
    assert.ok(!JSON.stringify(result).includes("4f1c"));
    assert.deepEqual(blobsWith(value), []);
  });
