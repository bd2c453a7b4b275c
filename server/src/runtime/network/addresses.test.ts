import assert from "node:assert/strict";
import { isIPv4 } from "node:net";
import { test } from "node:test";
import { gatewayOf, maxSlots, slotNumber, slotOf, uidOf } from "./addresses.ts";

test("every slot has a name that an interface can have and an address of its own", () => {
  const slots = Array.from({ length: maxSlots }, (_, index) => slotOf("abcdef", 77, index + 1));
  assert.equal(new Set(slots.map(({ address }) => address)).size, maxSlots);
  for (const { name, address } of slots) {
    assert.ok(name.length <= 15, name);
    assert.ok(isIPv4(address) && address.startsWith("10.77."), address);
    assert.notEqual(address, gatewayOf(77));
  }
});

test("every slot has a user of its own, in every installation of the machine", () => {
  const users = [1, 77, 254].flatMap((subnet) => Array.from({ length: maxSlots }, (_, index) => uidOf(slotOf("abcdef", subnet, index + 1))));
  assert.equal(new Set(users).size, 3 * maxSlots);
  for (const user of users) assert.ok(user >= 0x6000_0000 && user < 0x7000_0000, `${user}`);
});

test("a slot's number is read from names of this installation only", () => {
  assert.equal(slotNumber("abcdef", "slipabcdef-12"), 12);
  for (const name of ["slipabcdee-12", "slipabcdef-", "slipabcdef-0", "slipabcdef-12x", "eth0"]) assert.equal(slotNumber("abcdef", name), undefined, name);
});
