import assert from "node:assert/strict";
import { test } from "node:test";
import { RouteTable } from "@slipstream/contract/ports/edge.ts";
import { type RouteRow, routesOf, startingApps, tableOf } from "./route-table.ts";

const row: RouteRow = {
  host: "shop.slip.localhost",
  path: "/",
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
const parts = { version: 7, platformHosts: ["slip.localhost"], certificates: {}, proofKey: "k".repeat(64) };

test("the table has the routes of each host, longest path first, and fits the contract", () => {
  const table = RouteTable.parse(
    tableOf({ ...parts, rows: [row, { ...row, path: "/api" }, { ...row, host: "www.example.org" }, { ...row, path: "/api/v1" }] }),
  );
  assert.deepEqual(
    table.hosts["shop.slip.localhost"]?.map((route) => route.path),
    ["/api/v1", "/api", "/"],
  );
  assert.equal(table.hosts["www.example.org"]?.length, 1);
  assert.equal(table.version, 7);
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

test("an app none of whose instances has an address is starting, and gets no requests", () => {
  const [target] = row.targets;
  assert.ok(target);
  const gone = { ...target, address: "" };
  const rows = [
    { ...row, targets: [gone, target] },
    { ...row, app: "down", host: "down.example.org", targets: [gone] },
    { ...row, app: "down", host: "www.down.example.org", targets: [gone] },
  ];
  const table = tableOf({ ...parts, rows });
  assert.deepEqual(table.hosts[row.host]?.[0]?.targets, [target]);
  const all = new Set([row.app, "down"]);
  assert.deepEqual([startingApps(table, row.tenant, all), startingApps(table, "another", all), startingApps(table, row.tenant, new Set())], [1, 0, 0]);
});
