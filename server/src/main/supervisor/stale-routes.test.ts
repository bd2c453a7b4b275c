import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { tableIn, tableText } from "@slipstream/contract/ports/table-file.ts";
import { homeAt } from "#platform/home.ts";
import { forgetTargets } from "./stale-routes.ts";

const route = {
  path: "/",
  tenant: "local",
  project: "default",
  app: "shop",
  deployment: "dep_01m7xm9abf060jxg485492xs7b",
  commit: "",
  release: 1,
  artifact: `sha256:${"0".repeat(64)}`,
  targets: [{ instance: "ins_01m7xm9abf060jxg485492xs7b", address: "10.9.0.2:3000" }],
};
const table = { version: 7, platformHosts: ["slip.localhost"], hosts: { "shop.slip.localhost": [route] }, certificates: {}, proofKey: "0".repeat(64) };

test("after a start from nothing no request goes to an address of before, and hosts stay known", (context) => {
  const home = homeAt(mkdtempSync(join(tmpdir(), "slip-stale-")));
  context.after(() => rmSync(home.root, { recursive: true }));
  forgetTargets(home);
  mkdirSync(dirname(home.routeTable));
  for (const text of ["{", tableText(table)]) {
    writeFileSync(home.routeTable, text);
    forgetTargets(home);
  }
  const left = tableIn(readFileSync(home.routeTable, "utf8"));
  assert.equal(left?.version, 0);
  assert.deepEqual(left?.hosts["shop.slip.localhost"], [{ ...route, targets: [] }]);
});
