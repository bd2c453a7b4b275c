// What an instance would reach that came to have an IPv6 address and a route, with the firewall and without it, printed as JSON: to be
// run in new network and mount namespaces. Everything that it tries answers, in the "internet" that the test has made.
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { exec, execOrThrow } from "#platform/exec.ts";
import { logOf } from "#platform/log.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { Slot } from "../network/addresses.ts";
import { NetworkPool } from "../network/pool.ts";
import { type Attempt, attempts, far, resolver } from "./ipv6-attempts.ts";
import { connect, endAll, ip, listen, makeOutside, outside, runNode, within } from "./outside.ts";

/** For what must be reached: all are tried at once, on a machine that may have other things to do. */
const patientMs = 8_000;

const machine = { address: "fd77::1", mac: "02:00:00:00:77:01" };
const namesOfRebinding = ["a.rebinding.test", "aaaa.rebinding.test"] as const;

/** Answers each name with a public address first, and with one of the metadata service from then on. */
const rebindingServer = `const socket = require("node:dgram").createSocket("udp4"); const asked = new Set();
const addresses = { 1: [[198,51,100,7], [169,254,169,254]], 28: ["20010db8000000000000000000000007", "fd000ec2000000000000000000000254"].map((text) => [...Buffer.from(text, "hex")]) };
socket.on("message", (query, from) => { const end = query.indexOf(0, 12) + 5; const question = query.subarray(12, end); const type = question.at(-3);
  const key = question.toString("latin1").toLowerCase(); const address = addresses[type][asked.has(key) ? 1 : 0]; asked.add(key);
  const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
  socket.send(Buffer.concat([head, question, Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, address.length, ...address])]), from.port, from.address); });
socket.bind(53, "${resolver}", () => console.log("ready"));`;

/** Asks for a name as often as a program does that checks an address before it uses the name; gives what it was told. */
const lookup = `const [name, type] = process.argv.slice(1); const resolver = new (require("node:dns").promises.Resolver)({ timeout: 2_000 });
resolver.setServers(["${resolver}"]); (async () => console.log(JSON.stringify([...(await resolver.resolve(name, type)), ...(await resolver.resolve(name, type))])))();`;

/** What a program in a network is told of a name, the first time and the second. */
const resolveTwice = async (me: readonly string[], name: string, type: "A" | "AAAA"): Promise<[string, string]> => {
  const [program = "", ...args] = [...me, process.execPath, "-e", lookup, name, type];
  return JSON.parse(await execOrThrow([program, ...args], { timeoutMs: 15_000 })) as [string, string];
};

const setUpOutside = async (): Promise<void> => {
  await makeOutside(["169.254.169.254", "10.1.2.3", "198.51.100.7", resolver]);
  writeFileSync("/proc/sys/net/ipv6/conf/all/forwarding", "1");
  await ip(["addr add 2001:db8:1::2/64 dev uplink nodad", "route add default via 2001:db8:1::1"]);
  const there = far.map((address) => `addr add ${address}/128 dev lo nodad`);
  const back = ["route add fd77::/64 via 2001:db8:1::2", "route add 10.77.0.0/16 via 203.0.113.2"];
  await ip(["addr add 2001:db8:1::1/64 dev eth0 nodad", ...there, ...back], "outside");
  await listen(within(outside), [80], "::");
  await runNode(within(outside), rebindingServer);
};

/** Gives an instance what it does not have. Its neighbour is known to both: the firewall lets nobody ask. */
const giveIPv6 = async (slot: Slot, number: number): Promise<string> => {
  const [address, mac] = [`fd77::${number}`, `02:00:00:00:77:0${number}`];
  const settings = "for each in all eth0; do echo 0 >/proc/sys/net/ipv6/conf/$each/disable_ipv6; done";
  await execOrThrow([...within(slot.path), "/bin/sh", "-c", settings]);
  await ip([
    `link set ${slot.name} address ${machine.mac}`,
    `addr add ${machine.address}/128 dev ${slot.name} nodad`,
    `route add ${address}/128 dev ${slot.name}`,
    `neigh replace ${address} lladdr ${mac} dev ${slot.name} nud permanent`,
  ]);
  await ip(
    [
      `link set eth0 address ${mac}`,
      `addr add ${address}/128 dev eth0 nodad`,
      `route add ${machine.address}/128 dev eth0`,
      `neigh replace ${machine.address} lladdr ${machine.mac} dev eth0 nud permanent`,
      `route add default via ${machine.address} dev eth0`,
    ],
    slot.name,
  );
  return address;
};

const reached = async (me: readonly string[], list: readonly Attempt[], timeoutMs?: number): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all(list.map(async ({ name, address, port }) => [name, await connect(me, address, port, timeoutMs)])));

/** Resolves when as many lines were told as are expected, or after the time in which they should have been. */
const untilTold = async (lines: readonly string[], count: number): Promise<void> => {
  for (const end = performance.now() + 10_000; lines.length < count && performance.now() < end; ) await sleep(100);
};

const main = async (): Promise<void> => {
  await setUpOutside();
  const pool = new NetworkPool({ id: "abcdef", subnet: 77, resolvers: [resolver], ready: 0, kernel: new Kernel(), log: logOf("ipv6") });
  await pool.open([]);
  const [one, two] = [await pool.acquire(), await pool.acquire()];
  for (const [index, slot] of [one, two].entries()) await giveIPv6(slot, index + 2);
  await listen([], [8_080], "::");
  await listen(within(two.path), [3_000], "::");
  const lines: string[] = [];
  pool.tellDenied(one, (line) => lines.push(line));
  const me = within(one.path);
  const [a, aaaa] = [await resolveTwice(me, namesOfRebinding[0], "A"), await resolveTwice(me, namesOfRebinding[1], "AAAA")];
  const rebound = [a, aaaa].map(([, address], index) => ({ name: ["rebinding", "rebinding to IPv6"][index] ?? "", address, port: 80 }));
  const all = [...attempts, ...rebound];
  const refused = await reached(me, all);
  await untilTold(lines, new Set(all.map(({ address, port }) => `${address.replace("::ffff:", "")} ${port}`)).size);
  await exec(["nft", "delete", "table", "inet", "slip_abcdef"]);
  const open = await reached(me, all, patientMs);
  await Promise.all([pool.release(one), pool.release(two)]);
  await pool.close(true);
  process.stdout.write(JSON.stringify({ names: { a, aaaa }, attempts: all, refused, lines, open }));
};

try {
  await main();
} finally {
  endAll();
}
