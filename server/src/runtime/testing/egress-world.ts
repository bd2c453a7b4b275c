// What each party reached of a machine with an internet of its own, printed as JSON, for the test of egress: to be run in new network
// and mount namespaces.
import { exec, execOrThrow } from "#platform/exec.ts";
import { logOf } from "#platform/log.ts";
import { Kernel } from "../kernel/kernel.ts";
import { FetchNetworks } from "../network/fetch-networks.ts";
import { NetworkPool } from "../network/pool.ts";
import { connect, endAll, listen, makeOutside, outside, within } from "./outside.ts";

const world = {
  public: "198.51.100.7",
  metadata: "169.254.169.254",
  private10: "10.1.2.3",
  private172: "172.16.5.5",
  private192: "192.168.7.7",
  shared: "100.64.1.1",
  resolver: "10.66.0.53",
};
const ports = [25, 53, 80, 465, 587];

/** Sends a datagram to each of so many ports, which is a flow each. */
const flood = `const socket = require("node:dgram").createSocket("udp4"); const [host, count] = process.argv.slice(1); let sent = 0;
const next = () => { for (let i = 0; i < 100; i++) socket.send("x", 2_000 + sent++, host); if (sent < count) setImmediate(next); else setTimeout(() => process.exit(), 200); }; next();`;

const flows = async (): Promise<number> => Number(await execOrThrow(["cat", "/proc/sys/net/netfilter/nf_conntrack_count"]));

/** What a git fetch reaches while the operator has named one private host. */
const seenByFetch = async (pool: NetworkPool): Promise<Record<string, string>> => {
  const fetches = new FetchNetworks({ id: "abcdef", pool, resolvers: [world.resolver], hosts: [world.private10, "no such host"] });
  const told: string[] = [];
  return await fetches
    .with(
      (line) => told.push(line),
      async ({ path, resolvConf }) => {
        const seen: Record<string, string> = { "name servers": resolvConf.split("\n")[0] ?? "", networks: fetches.names.join() };
        const me = ["nsenter", `--net=${path}`];
        for (const [name, address] of Object.entries(world)) seen[name] = await connect(me, address, 80);
        seen["mail 25"] = await connect(me, world.public, 25);
        seen["machine by its uplink, 8080"] = await connect(me, "203.0.113.2", 8_080);
        const reason = `require("node:net").connect(80, "${world.private192}").on("error", (e) => console.log(e.code));`;
        seen["why not private192"] = (await exec(["nsenter", `--net=${path}`, process.execPath, "-e", reason], { timeoutMs: 10_000 })).stdout.trim();
        return seen;
      },
    )
    .then((seen) => ({ ...seen, told: told.join("\n"), "networks afterwards": fetches.names.join() }));
};

const main = async (): Promise<void> => {
  await makeOutside([...Object.values(world), "10.77.9.9"]);
  const pool = new NetworkPool({ id: "abcdef", subnet: 77, resolvers: [world.resolver], ready: 0, kernel: new Kernel(), log: logOf("egress") });
  await pool.open([]);
  const [one, two] = [await pool.acquire(), await pool.acquire()];
  await listen(within(outside), ports);
  await listen([], [8_080, 53]);
  await listen(within(two.path), [3_000]);
  const me = within(one.path);
  const seen: Record<string, string> = {};
  for (const [name, address] of Object.entries(world)) {
    seen[`${name} from the machine`] = await connect([], address, 80);
    seen[name] = await connect(me, address, 80);
  }
  for (const port of [25, 465, 587]) seen[`mail ${port}`] = await connect(me, world.public, port);
  seen["the resolver's port 53"] = await connect(me, world.resolver, 53);
  seen["port 53 of a private address"] = await connect(me, world.private10, 53);
  for (const [name, address] of [
    ["gateway", "10.77.0.1"],
    ["uplink", "203.0.113.2"],
  ] as const)
    for (const port of [8_080, 53]) seen[`machine by its ${name}, ${port}`] = await connect(me, address, port);
  seen["machine by the loopback address"] = await connect(me, "127.0.0.1", 8_080);
  seen["another instance"] = await connect(me, two.address, 3_000);
  seen["an address of no instance"] = await connect([], "10.77.9.9", 80);
  seen["another instance from the machine"] = await connect([], two.address, 3_000);
  seen["an instance from outside"] =
    (await exec(["ip", "-n", "outside", "route", "add", "10.77.0.0/16", "via", "203.0.113.2"])).code === 0
      ? await connect(within(outside), two.address, 3_000)
      : "no route";
  for (const [name, what] of Object.entries(await seenByFetch(pool))) seen[`git: ${name}`] = what;
  const before = await flows();
  await execOrThrow(["nsenter", `--net=${one.path}`, process.execPath, "-e", flood, world.public, "12000"]);
  seen["flows of one instance"] = String((await flows()) - before);
  seen["the internet for another instance"] = await connect(within(two.path), world.public, 80);
  seen.IPv6 = (await exec(["nsenter", `--net=${one.path}`, "cat", "/proc/sys/net/ipv6/conf/all/disable_ipv6"])).stdout.trim();
  await Promise.all([pool.release(one), pool.release(two)]);
  await pool.close(true);
  seen["namespaces left"] = (await execOrThrow(["ip", "netns"]))
    .split("\n")
    .filter((line) => line.startsWith("slip"))
    .join();
  seen["routes left"] = (await execOrThrow(["ip", "route", "show", "type", "unreachable"])).trim();
  seen["tables left"] = (await execOrThrow(["nft", "list", "tables"])).trim();
  process.stdout.write(JSON.stringify(seen));
};

try {
  await main();
} finally {
  endAll();
}
