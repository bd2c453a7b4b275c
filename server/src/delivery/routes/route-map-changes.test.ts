// Whatever changes in whatever steps: requests go where a map that is made anew would send them, and nothing is held that no route leads to.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change } from "@slipstream/contract/ports/route-entry.ts";
import { RouteTable } from "@slipstream/contract/ports/route-table.ts";
import fc from "fast-check";
import { EdgeClock } from "../proxy/clock.ts";
import { edgeLimits } from "../proxy/edge-limits.ts";
import { TargetPools } from "../proxy/target-pool.ts";
import { type InFlight, RouteMap } from "./route-map.ts";

const id = (prefix: string, index: number) => `${prefix}_${String(index).padStart(26, "0")}`;
const hosts = ["a.localhost", "b.localhost", "c.example.org"];
const addresses = ["10.0.0.1:3000", "10.0.0.2:3000", "10.0.0.3:3000"];

const appChange = fc
  .record({
    app: fc.nat({ max: 3 }),
    deployment: fc.nat({ max: 3 }),
    places: fc.uniqueArray(fc.tuple(fc.constantFrom(...hosts), fc.constantFrom("/", "/api")), { maxLength: 4, selector: String }),
    targets: fc.array(fc.constantFrom(...addresses), { maxLength: 3 }),
    isHttp2: fc.boolean(),
    isAsleep: fc.boolean(),
    isGone: fc.boolean(),
  })
  .map(({ app, deployment, places, targets, isHttp2, isAsleep, isGone }): Change => {
    const artifact = `sha256:${String(deployment).repeat(64)}`;
    const at = targets.map((address, index): [string, string] => [id("ins", index), address]);
    const names = ["local", "default", `app${app}`] as const;
    const sleeps: [null, number] | null = isAsleep ? [null, 1_000] : null;
    const value: Extract<Change, { kind: "app" }>["value"] = [...names, id("dep", deployment), "", deployment + 1, artifact, at, isHttp2, sleeps, places];
    return { kind: "app", id: id("app", app), value: isGone ? null : value };
  });
const platformChange = fc
  .subarray(hosts, { maxLength: 1 })
  .map((taken): Change => ({ kind: "platform", value: { hosts: taken.map((host) => host), proofKey: "0".repeat(64) } }));

const step = fc.record({
  changes: fc.array(fc.oneof({ weight: 6, arbitrary: appChange }, platformChange), { maxLength: 3 }),
  /** The change comes as another table in place of the one before. */
  isWhole: fc.boolean(),
  asked: fc.subarray(hosts),
});

/** A map with what it holds. */
const world = (table: RouteTable) => {
  const pools = new TargetPools({ limits: edgeLimits(), clock: new EdgeClock() });
  const inFlight = new Map<string, InFlight>();
  const map = new RouteMap(table, { pools, inFlight, controlSocket: "/control.sock", forgetSleeper: () => {} });
  return { pools, inFlight, map };
};

const copyOf = (table: RouteTable): RouteTable => {
  const copy = new RouteTable();
  for (const message of table.messages()) if (message.kind === "part") copy.apply(message.changes);
  return copy;
};

/** What answers at a host, as a client sees it. */
const seen = (map: RouteMap, host: string) => {
  const site = map.site(host);
  if (site?.kind !== "app") return site?.kind;
  const routes = site.routes.map(({ path, entry, targets }) => ({ path, entry, targets: targets.map(({ address }) => address) }));
  return routes.sort((one, other) => `${one.path} ${one.entry.app}`.localeCompare(`${other.path} ${other.entry.app}`));
};

test("a map that follows changes sends requests where one that is made anew does, over pools that are alive", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let table = new RouteTable();
      const { map, pools } = world(table);
      for (const { changes, isWhole, asked } of steps) {
        if (isWhole) table = copyOf(table);
        const touched = table.apply(changes);
        if (isWhole) map.replace(table);
        else map.follow(touched);
        // Drops the pools that have retired, as nothing is under way there.
        pools.sweep();
        assert.equal(pools.hasRetired, false);
        const fresh = world(copyOf(table)).map;
        for (const host of asked) {
          assert.deepEqual(seen(map, host), seen(fresh, host));
          const site = map.site(host);
          for (const { targets } of site?.kind === "app" ? site.routes : [])
            for (const pool of targets) assert.equal(pools.of(pool.address), pool, "the pool that a route leads to is that of its address");
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("with the last route to it a target is let go, and so is the counter of a deployment, and not before", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const table = new RouteTable();
      const { map, pools, inFlight } = world(table);
      for (const { changes, asked } of steps) {
        map.follow(table.apply(changes));
        for (const host of asked) map.site(host);
      }
      map.follow(table.apply([{ kind: "platform", value: { hosts: [], proofKey: "0".repeat(64) } }]));
      for (const host of hosts) map.site(host);
      const sites = hosts.map((host) => map.site(host));
      const before = sites.flatMap((site) => (site?.kind === "app" ? site.routes.flatMap(({ targets }) => targets) : []));
      const served = new Set([...inFlight].flatMap(([deployment, { apps }]) => (apps > 0 ? [deployment] : [])));
      const wanted = sites.flatMap((site) => (site?.kind === "app" ? site.routes.map(({ entry }) => entry.deployment) : []));
      assert.ok(wanted.every((deployment) => served.has(deployment)));
      map.follow(table.apply(Array.from({ length: 4 }, (_, app): Change => ({ kind: "app", id: id("app", app), value: null }))));
      pools.sweep();
      assert.deepEqual(
        [...inFlight.values()].map(({ apps }) => apps).filter((apps) => apps !== 0),
        [],
      );
      for (const pool of before) assert.notEqual(pools.of(pool.address), pool);
    }),
    { numRuns: 300 },
  );
});
