// What instances may reach, as one nftables table that is made or replaced whole.
import { limit } from "@slipstream/contract/limits.ts";
import { exec } from "#platform/exec.ts";
import { closedRanges, mailPorts } from "#platform/public-address.ts";
import { maxSlots, rangeOf, slotPrefix } from "./addresses.ts";

export interface EgressInput {
  id: string;
  subnet: number;
  resolvers: readonly string[];
}

export const tableName = (id: string): string => `slip_${id}`;

/** The machine remembers every connection in one table that all share: who fills it takes the network of all others. */
const boundFlows = `ct state new add @flows { ip saddr ct count over ${limit("flows")} } drop`;

/** What was refused is written down in a set for each family of addresses: the elements of one are all of the same length. */
const families = [
  { set: "denied_ip", type: "ipv4_addr", address: "ip daddr" },
  { set: "denied_ip6", type: "ipv6_addr", address: "ip6 daddr" },
];
export const deniedSets: readonly string[] = families.map(({ set }) => set);
/**
 * What one sender, known by its link, is refused within some minutes is written down once; one that tries much is not written down all
 * the time.
 */
const deny = [
  "set told {",
  `type ifname; size ${maxSlots}; flags dynamic,timeout; timeout 2m;`,
  "}",
  ...families.flatMap(({ set, type }) => [
    `set ${set} {`,
    `type ifname . inet_proto . ${type} . inet_service; size 65535; flags dynamic,timeout; timeout 2m;`,
    "}",
  ]),
  "chain deny {",
  "add @told { iifname limit rate over 60/minute burst 60 packets } drop",
  ...families.map(({ set, address }) => `meta l4proto { tcp, udp } add @${set} { iifname . meta l4proto . ${address} . th dport }`),
  // Git would wait for an answer as long as it may.
  "ip saddr @fetchers reject with icmpx admin-prohibited",
  "drop",
  "}",
];

/** Networks of git fetches, and the hosts that the operator lets each of them reach besides the internet. */
const fetchSets = ["set fetchers {", "type ipv4_addr;", "}", "set fetch_hosts {", "type ipv4_addr . ipv4_addr;", "}"];
const acceptFetchHosts = "ip saddr . ip daddr @fetch_hosts accept";

const rules = ({ id, subnet, resolvers }: EgressInput): string[] => {
  const link = `"${slotPrefix(id)}*"`;
  const set = (values: readonly (string | number)[]): string => `{ ${values.join(", ")} }`;
  const dns = resolvers.length === 0 ? [] : [`ip daddr ${set(resolvers)} meta l4proto { tcp, udp } th dport 53 accept`];
  return [
    "set flows {",
    `type ipv4_addr; size ${maxSlots}; flags dynamic;`,
    "}",
    ...fetchSets,
    ...deny,
    "chain input {",
    "type filter hook input priority -10; policy accept;",
    `iifname != ${link} accept`,
    "ct state established,related accept",
    boundFlows,
    ...dns,
    acceptFetchHosts,
    "goto deny",
    "}",
    "chain forward {",
    "type filter hook forward priority -10; policy accept;",
    `iifname ${link} jump from_instance`,
    `oifname ${link} jump to_instance`,
    "}",
    "chain from_instance {",
    // Instances have no IPv6. One that came to have it would find every form of an IPv4 address in it, and others' private addresses.
    "meta nfproto ipv6 goto deny",
    `ip saddr != ${rangeOf(subnet)} drop`,
    "ct state established,related accept",
    boundFlows,
    ...dns,
    `oifname ${link} goto deny`,
    acceptFetchHosts,
    `ip daddr ${set(closedRanges)} goto deny`,
    `tcp dport ${set(mailPorts)} goto deny`,
    "accept",
    "}",
    "chain to_instance {",
    "ct state established,related accept",
    "drop",
    "}",
    "chain postrouting {",
    "type nat hook postrouting priority srcnat; policy accept;",
    `ip saddr ${rangeOf(subnet)} oifname != ${link} masquerade`,
    "}",
  ];
};

/**
 * Does a script in one transaction. It is an argument, not the input: nft 1.0.8 and 1.0.9 (Ubuntu 24.04) take none from a socket, which is
 * what Node gives to a program as its input.
 */
const change = async (script: string): Promise<void> => {
  const { code, signal, stderr } = await exec(["nft", script]);
  if (code !== 0) throw new Error(`nft ended with ${code ?? signal}: ${stderr.trim().slice(-2_000)}`);
};

/** The script for nft: replaces the table at once, so there is no moment without rules. */
export const egressScript = (input: EgressInput): string => {
  const name = tableName(input.id);
  return [`table inet ${name}`, `delete table inet ${name}`, `table inet ${name} {`, ...rules(input), "}", ""].join("\n");
};

export const applyEgress = (input: EgressInput): Promise<void> => change(egressScript(input));

const fetchElements = (verb: "add" | "delete", id: string, address: string, hosts: readonly string[]): string => {
  const pairs = hosts.map((host) => `${verb} element inet ${tableName(id)} fetch_hosts { ${address} . ${host} }`);
  return [`${verb} element inet ${tableName(id)} fetchers { ${address} }`, ...pairs, ""].join("\n");
};

/** Makes the network at `address` one of a git fetch, which reaches the IPv4 addresses `hosts` too. */
export const admitFetch = (id: string, address: string, hosts: readonly string[]): Promise<void> => change(fetchElements("add", id, address, hosts));

/** Undoes `admitFetch`, for who has the address next. A table that was made anew meanwhile knows nothing of it. */
export const dismissFetch = (id: string, address: string, hosts: readonly string[]): Promise<void> =>
  change(fetchElements("delete", id, address, hosts)).catch(() => undefined);

export const removeEgress = (id: string): Promise<void> => change(`table inet ${tableName(id)}\ndelete table inet ${tableName(id)}\n`);
