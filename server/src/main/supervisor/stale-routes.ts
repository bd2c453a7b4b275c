// The route table of a platform that starts from nothing: its instances are gone, and their addresses are anybody's.
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import type { RouteTable } from "@slipstream/contract/ports/edge.ts";
import { tableIn, tableText } from "@slipstream/contract/ports/table-file.ts";
import type { Home } from "#platform/home.ts";

/** The table without a place to send a request to, so that every newer one takes its place. Pure. */
export const withoutTargets = (table: RouteTable): RouteTable => ({
  ...table,
  version: 0,
  hosts: Object.fromEntries(Object.entries(table.hosts).map(([host, routes]) => [host, routes.map((route) => ({ ...route, targets: [] }))])),
});

const readTable = (home: Home): RouteTable | undefined => {
  try {
    return tableIn(readFileSync(home.routeTable, "utf8"));
  } catch {
    return undefined;
  }
};

/** Written over what is there, which needs no space and keeps the owner. A table that is absent or broken stays as it is. */
export const forgetTargets = (home: Home): void => {
  const table = readTable(home);
  if (table === undefined) return;
  const file = openSync(home.routeTable, "r+");
  try {
    ftruncateSync(file, writeSync(file, tableText(withoutTargets(table)), 0));
  } finally {
    closeSync(file);
  }
};
