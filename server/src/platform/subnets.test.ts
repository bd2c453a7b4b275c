import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseSubnet, claimSubnet } from "./subnets.ts";

test("two that want the same network get two, and one that was let go can be had again", async () => {
  const wanted = await chooseSubnet();
  const first = await claimSubnet(wanted);
  const second = await claimSubnet(first.subnet);
  assert.notEqual(second.subnet, first.subnet);
  first.release();
  const third = await claimSubnet(first.subnet);
  assert.equal(third.subnet, first.subnet);
  for (const claim of [second, third]) claim.release();
});
