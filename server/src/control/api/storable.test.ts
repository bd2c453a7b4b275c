import assert from "node:assert/strict";
import { test } from "node:test";
import { operations } from "@slipstream/contract/operations/registry.ts";
import { parseInput } from "./parse.ts";

const url = "https://hooks.example.org/";
const topics = ["deployment.live"];

for (const [what, name, input, field] of [
  ["a description with NUL", "webhooks.create", { url, topics, description: "a\0b" }, "description"],
  ["half of a character", "webhooks.create", { url, topics, description: "a\ud800" }, "description"],
  ["a git address with NUL", "deployments.create", { app: "shop", source: { kind: "git", url: "https://x.example/a\0" } }, "source.url"],
] as const)
  test(`${what} is refused, by its field`, () => {
    assert.throws(() => parseInput(operations[name], input), { code: "invalid_input", message: `${field}: text of Unicode without NUL` });
  });

test("the content of a file may hold NUL, and text any character", () => {
  const source = { kind: "files", files: [{ path: "a.bin", text: "a\0b" }] };
  assert.doesNotThrow(() => parseInput(operations["deployments.create"], { app: "shop", source }));
  assert.doesNotThrow(() => parseInput(operations["deployments.create"], { app: "shop", source: { kind: "snippet", code: "a\0" } }));
  assert.doesNotThrow(() => parseInput(operations["webhooks.create"], { url, topics, description: "ü 😀\n\u2028" }));
});
