import assert from "node:assert/strict";
import { test } from "node:test";
import { Change } from "@slipstream/contract/ports/route-entry.ts";
import { type AppRow, appChange, entryOf, routesOf } from "./route-table.ts";

const row: AppRow = {
  id: "app_1",
  places: [
    ["shop.slip.localhost", "/"],
    ["shop.slip.localhost", "/api"],
  ],
  tenant: "local",
  project: "default",
  app: "shop",
  deployment: "dep_01m7xm9abf060jxg485492xs7b",
  commit: null,
  release: 1,
  artifact: `sha256:${"0".repeat(64)}`,
  workload: "dep_1",
  sleep: { enabled: false },
  scale: null,
  protocol: null,
  targets: [{ instance: "ins_01m7xm9abf060jxg485492xs7b", address: "10.9.0.2:3000" }],
};

test("an app is one entry with all its hosts, and fits the contract", () => {
  const [app, gone] = [appChange("app_1", row), appChange("app_2", undefined)].map((change) => Change.parse(change));
  assert.deepEqual(app?.kind === "app" && app.value?.[10], row.places);
  assert.deepEqual(gone, { kind: "app", id: "app_2", value: null });
});

test("without routes in slip.toml every host name of the app answers at /", () => {
  assert.deepEqual(routesOf({}, ["a.example.org", "b.example.org"]), [
    { host: "a.example.org", path: "/" },
    { host: "b.example.org", path: "/" },
  ]);
});

test("a path without a host is for all host names of the app, one with a host for that alone", () => {
  const routes = routesOf({ routes: [{ path: "/api" }, { host: "b.example.org", path: "/only" }] }, ["a.example.org", "b.example.org"]);
  assert.deepEqual(routes, [
    { host: "a.example.org", path: "/api" },
    { host: "b.example.org", path: "/only" },
  ]);
});

test("a route that is written twice is there once", () => {
  assert.equal(routesOf({ routes: [{ path: "/" }, { path: "/" }] }, ["a.example.org"]).length, 1);
});

test("an instance without an address gets no requests", () => {
  const [target] = row.targets;
  assert.ok(target);
  assert.deepEqual(entryOf({ ...row, targets: [{ ...target, address: "" }, target] }).targets, [target]);
});
