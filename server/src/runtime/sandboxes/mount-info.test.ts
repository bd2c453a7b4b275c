import assert from "node:assert/strict";
import { test } from "node:test";
import { isSlaveAt } from "./mount-info.ts";

const root = "461 894 0:314 / / ro,relatime - overlay overlay ro,lowerdir=top:1:0:bottom";
const lines = (...more: string[]): string => [root, ...more, ""].join("\n");

test("a mount follows one outside where it is the slave of it", () => {
  assert.equal(isSlaveAt(lines("460 461 0:314 /app /app ro,nosuid,nodev,relatime master:74 - overlay overlay ro"), "/app"), true);
  assert.equal(isSlaveAt(lines("460 461 0:314 /app /app ro,nosuid,nodev,relatime shared:9 master:74 - overlay overlay ro"), "/app"), true);
});

test("one of its own does not, nor one at another place, nor what only names it so", () => {
  assert.equal(isSlaveAt(lines("217 196 0:78 /app /app ro,nosuid,nodev,relatime - overlay overlay ro"), "/app"), false);
  assert.equal(isSlaveAt(lines("217 196 0:78 /app /app ro,nosuid,nodev,relatime shared:3 - overlay master:74 ro"), "/app"), false);
  assert.equal(isSlaveAt(lines("458 461 0:71 /app /run/spare ro,relatime master:4 - tmpfs slip-run rw"), "/app"), false);
  assert.equal(isSlaveAt("", "/app"), false);
});
