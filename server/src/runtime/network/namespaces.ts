// Makes and removes network namespaces: a link of two ends, routed point to point. There is no bridge, so no instance is
// another's neighbour.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { exec, execOrThrow } from "#platform/exec.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { addressMessage, defaultRouteMessage, routeMessage } from "../kernel/rtnetlink.ts";
import { gatewayOf, namespaceFolder, rangeOf, type Slot, slotNumber } from "./addresses.ts";

const lines = (commands: readonly string[]): string => `${commands.join("\n")}\n`;

const hostCommands = (slot: Slot, gateway: string): string =>
  lines([
    `netns add ${slot.name}`,
    `link add ${slot.name} type veth peer name eth0 netns ${slot.name}`,
    `addr add ${gateway}/32 dev ${slot.name}`,
    `link set ${slot.name} up`,
    `route add ${slot.address}/32 dev ${slot.name}`,
  ]);

const insideCommands = (slot: Slot, gateway: string): string =>
  lines([
    "link set lo up",
    `addr add ${slot.address}/32 dev eth0`,
    "link set eth0 up",
    `route add ${gateway}/32 dev eth0 scope link`,
    `route add default via ${gateway}`,
  ]);

/** No IPv6, and any port may be bound by a program without capabilities. The text is fixed: what a slot decides is read by `ip` alone. */
const settings = "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start; exec ip -batch -";

const setForwarding = (link: string): void => writeFileSync(`/proc/sys/net/ipv4/conf/${link}/forwarding`, "1");

export const createNamespace = async (slot: Slot, subnet: number): Promise<void> => {
  const gateway = gatewayOf(subnet);
  await execOrThrow(["ip", "-batch", "-"], { input: hostCommands(slot, gateway) });
  await execOrThrow(["nsenter", `--net=${slot.path}`, "/bin/sh", "-c", settings], { input: insideCommands(slot, gateway) });
  setForwarding(slot.name);
};

/** Numbers of a link's two ends: of that one here, and of eth0 in the namespace. */
const linksOf = ({ name }: Slot): { outside: number; inside: number } => {
  const number = (file: string): number => Number(readFileSync(`/sys/class/net/${name}/${file}`, "utf8"));
  return { outside: number("ifindex"), inside: number("iflink") };
};

export interface Move {
  address: Pick<Slot, "address">;
  to: Slot;
}

/**
 * Makes the address of one slot lead into the namespace of another, which has it besides its own and is seen by it from outside. Done
 * again, it changes nothing.
 */
export const moveAddress = async (kernel: Kernel, { address: { address }, to }: Move, subnet: number): Promise<void> => {
  const { outside, inside } = linksOf(to);
  const messages = [addressMessage(inside, address), defaultRouteMessage(inside, { gateway: gatewayOf(subnet), source: address })];
  await Promise.all([kernel.network(to.path, messages), kernel.network(undefined, [routeMessage(outside, address)])]);
};

/** Makes addresses lead into namespaces that are there. */
export const setRoutes = async (kernel: Kernel, moves: readonly Move[]): Promise<void> => {
  if (moves.length === 0) return;
  await kernel.network(
    undefined,
    moves.map(({ address: { address }, to }) => routeMessage(linksOf(to).outside, address)),
  );
};

/** Removes a namespace with both ends of its link. Absent is fine. */
export const deleteNamespace = async (name: string): Promise<void> => {
  await exec(["ip", "-force", "-batch", "-"], { input: lines([`link delete ${name}`, `netns delete ${name}`]) });
};

/** Numbers of all slots of ours that exist on the machine. */
export const listNamespaces = (id: string): number[] => {
  try {
    return readdirSync(namespaceFolder).flatMap((name) => slotNumber(id, name) ?? []);
  } catch {
    return [];
  }
};

/**
 * Addresses of ours that no instance has lead nowhere: without this they would lead out by the machine's default route, and
 * whoever is there would get the requests.
 */
export const closeRange = async (subnet: number): Promise<void> => {
  await execOrThrow(["ip", "route", "replace", "unreachable", rangeOf(subnet)]);
};

/** Undoes `closeRange`. Absent is fine. */
export const openRange = async (subnet: number): Promise<void> => {
  await exec(["ip", "route", "delete", "unreachable", rangeOf(subnet)]);
};

/** Lets packets pass between our links and the devices that lead out, where the machine does not forward already. */
export const enableForwarding = async (): Promise<void> => {
  if (readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8").trim() === "1") return;
  const routes = await execOrThrow(["ip", "-4", "-o", "route", "show", "default"]);
  for (const match of routes.matchAll(/ dev (\S+)/g)) if (match[1] !== undefined) setForwarding(match[1]);
};
