import assert from "node:assert/strict";
import { test } from "node:test";
import { checkNames } from "../env/variable.ts";
import { checkDomain } from "./domain.ts";

test("host names below the platform's domain are the apps' own", () => {
  for (const [domain, app] of [
    ["www.example.org", "shop"],
    ["shop.slip.localhost", "shop"],
    ["notslip.localhost", "shop"],
  ] as const)
    checkDomain(domain, app);
  for (const domain of ["bank.slip.localhost", "slip.localhost", "a.shop.slip.localhost"])
    assert.throws(() => checkDomain(domain, "shop"), { code: "invalid_input" }, domain);
});

test("names that the platform sets are nobody else's", () => {
  checkNames(["PORTAL", "DATABASE_URL", "slip_x"]);
  for (const name of ["PORT", "SLIP_APP", "SLIP_"]) assert.throws(() => checkNames(["A", name]), { code: "invalid_input" }, name);
});
