import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const usual = { NODE_ENV: "production", HOST: "0.0.0.0" };
const cases: readonly [what: string, name: string, variables: Record<string, string>][] = [
  ["any server", "express", usual],
  ["fastify-cli", "fastify-cli", { ...usual, FASTIFY_ADDRESS: "0.0.0.0" }],
];

for (const [what, name, variables] of cases)
  test(`${what} finds in its environment what it goes by`, () => {
    const files = { "package.json": JSON.stringify({ scripts: { start: "node server.js" }, dependencies: { [name]: "1" } }) };
    const { env } = planOf(memoryTree(files), {}).process;
    assert.deepEqual(env, variables);
  });
