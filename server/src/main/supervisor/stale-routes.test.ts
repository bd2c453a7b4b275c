import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { packedApp, type TableMessage } from "@slipstream/contract/ports/route-entry.ts";
import { RouteTable } from "@slipstream/contract/ports/route-table.ts";
import { linesOf, tableIn } from "@slipstream/contract/ports/table-file.ts";
import { homeAt } from "#platform/home.ts";
import { forgetTargets } from "./stale-routes.ts";

const app = {
  tenant: "local",
  project: "default",
  app: "shop",
  deployment: "dep_01m7xm9abf060jxg485492xs7b",
  commit: "",
  release: 1,
  artifact: `sha256:${"0".repeat(64)}`,
  targets: [{ instance: "ins_01m7xm9abf060jxg485492xs7b", address: "10.9.0.2:3000" }],
  routes: [{ host: "shop.slip.localhost", path: "/" }],
};
const table = new RouteTable();
table.version = 7;
table.apply([{ kind: "platform", value: { hosts: ["slip.localhost"], proofKey: "0".repeat(64) } }]);
const delta: TableMessage = { kind: "delta", from: 7, to: 8, changes: [{ kind: "app", id: "app_1", value: packedApp(app) }] };
const text = [...linesOf([...table.messages(), delta])].join("");

test("after a start from nothing no request goes to an address of before, and hosts stay known", (context) => {
  const home = homeAt(mkdtempSync(join(tmpdir(), "slip-stale-")));
  context.after(() => rmSync(home.root, { recursive: true }));
  forgetTargets(home);
  mkdirSync(dirname(home.routeTable));
  for (const written of ["{", text]) {
    writeFileSync(home.routeTable, written);
    forgetTargets(home);
    if (written !== text) assert.equal(readFileSync(home.routeTable, "utf8"), written);
  }
  const left = tableIn(readFileSync(home.routeTable))?.table;
  assert.equal(left?.version, 0);
  assert.deepEqual(left.appsOf("shop.slip.localhost"), ["app_1"]);
  assert.deepEqual(left.app("app_1"), { ...app, targets: [] });
});
