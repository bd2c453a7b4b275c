// Which name servers instances may ask: those of the machine, past a resolver that only the machine itself can reach.
import { readFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import type { Check } from "@slipstream/contract/ports/host.ts";

/** IPv4 name servers of a resolv.conf. Instances have no IPv6. */
export const parseResolvers = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? "")
    .filter((address) => isIPv4(address));

const isLoopback = (address: string): boolean => address.startsWith("127.");

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** The reachable resolvers; behind a stub on loopback (systemd-resolved) those that it asks. May be empty. */
export const resolvers = (files: readonly string[] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]): string[] => {
  for (const file of files) {
    const found = parseResolvers(read(file)).filter((address) => !isLoopback(address));
    if (found.length > 0) return found.slice(0, 3);
  }
  return [];
};

export const resolvConf = (addresses: readonly string[]): string =>
  `${addresses.map((address) => `nameserver ${address}`).join("\n")}\noptions timeout:2 attempts:2\n`;

/** For `slip doctor`. */
export const resolversCheck = (addresses: readonly string[]): Check =>
  addresses.length > 0
    ? { name: "resolvers", state: "ok", detail: addresses.join(", ") }
    : { name: "resolvers", state: "warning", detail: "no name server that apps could reach", fix: "name one in /etc/resolv.conf, then restart the platform" };
