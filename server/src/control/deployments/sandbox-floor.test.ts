import assert from "node:assert/strict";
import { test } from "node:test";
import { sandboxFor } from "./sandbox-floor.ts";

test("without a floor slip.toml chooses, and who deploys stands over it", () => {
  assert.equal(sandboxFor({ asked: undefined, written: "runc", floor: undefined }), "runc");
  assert.equal(sandboxFor({ asked: "gvisor", written: "runc", floor: undefined }), "gvisor");
  assert.equal(sandboxFor({ asked: undefined, written: undefined, floor: undefined }), undefined);
});

test("below the floor only who deploys can go", () => {
  assert.throws(() => sandboxFor({ asked: undefined, written: "runc", floor: "gvisor" }), { code: "sandbox_below_floor" });
  assert.equal(sandboxFor({ asked: "runc", written: undefined, floor: "gvisor" }), "runc");
  assert.equal(sandboxFor({ asked: undefined, written: "gvisor", floor: "gvisor" }), "gvisor");
});

test("who says nothing gets the floor, also where the machine would fall back to less", () => {
  assert.equal(sandboxFor({ asked: undefined, written: undefined, floor: "gvisor" }), "gvisor");
  assert.equal(sandboxFor({ asked: undefined, written: undefined, floor: "runc" }), undefined);
});
