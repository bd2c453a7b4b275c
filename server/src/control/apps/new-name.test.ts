import assert from "node:assert/strict";
import { test } from "node:test";
import { AppName } from "@slipstream/contract/words.ts";
import { newName } from "./new-name.ts";

test("a new name is short, readable and one that an app can have", () => {
  assert.equal(
    newName(() => 0),
    "amber-acorn-2222",
  );
  const names = Array.from({ length: 1_000 }, () => newName());
  for (const name of names) {
    assert.ok(AppName.safeParse(name).success, name);
    assert.ok(name.length <= 24, name);
  }
  assert.equal(new Set(names).size, names.length);
});
