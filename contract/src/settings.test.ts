import assert from "node:assert/strict";
import { test } from "node:test";
import { operations } from "./operations/registry.ts";

for (const name of ["env.set", "secrets.set"] as const)
  test(`${name} takes values of any text but NUL, which no variable can hold`, () => {
    const { input } = operations[name];
    const given = (value: string) => input.safeParse({ app: "shop", values: { A: value } });
    assert.equal(given("line\nline\t\u00fc\u2028").success, true);
    assert.match(String(given("a\0b").error), /text without NUL/);
  });

test("a host name is the same in any case", () => {
  for (const name of ["domains.add", "domains.remove"] as const)
    assert.partialDeepStrictEqual(operations[name].input.parse({ app: "shop", domain: "Shop.Example.ORG" }), { domain: "shop.example.org" });
  assert.equal(operations["domains.add"].input.safeParse({ app: "shop", domain: "127.0.0.1" }).success, false);
});
