import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { freeBytes, requireRoom } from "./disk-room.ts";
import { homeAt } from "./home.ts";

const home = homeAt(tmpdir());
const megabyte = 2 ** 20;

test("what fits beside the reserve is let in", () => {
  requireRoom(home, megabyte, 0);
});

test("nothing is let in once the reserve is touched, and what is left is said", () => {
  const left = Math.floor(freeBytes(home.root) / megabyte);
  assert.throws(() => requireRoom(home, 0, 2 ** 60), {
    code: "disk_full",
    status: 507,
    exit: 1,
    message: new RegExp(`has ${String(left).slice(0, 2)}\\d* MB left`),
  });
});

test("what would take of the reserve is not let in, and what it needs is said", () => {
  assert.throws(() => requireRoom(home, 2 ** 60, megabyte), { code: "disk_full", message: /this needs 1099511627776 MB; 1 MB are left to what runs/ });
});
