// Which 10.N network of this machine is an installation's: one that nothing uses, and that nobody else of us has claimed.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { exec } from "./exec.ts";
import { lockSubnet } from "./lock.ts";
import { freeSubnet, usedSubnets } from "./ports.ts";

/** An N that no route, address or resolver of this machine speaks of, and that is not among `except`. */
export const chooseSubnet = async (except: readonly number[] = []): Promise<number> => {
  const routes = await exec(["ip", "-4", "route", "show", "table", "all"]);
  const resolvers = existsSync("/etc/resolv.conf") ? readFileSync("/etc/resolv.conf", "utf8") : "";
  return freeSubnet(new Set([...usedSubnets(`${routes.stdout}\n${resolvers}`), ...except]), randomBytes(1).readUInt8());
};

/** `wanted`, or another where a running installation has it: two that chose at the same time part here. Held until `release`, or the end of the process. */
export const claimSubnet = async (wanted: number): Promise<{ subnet: number; release(): void }> => {
  const refused: number[] = [];
  for (let subnet = wanted; ; subnet = await chooseSubnet(refused)) {
    const held = await lockSubnet(subnet);
    if (held) return { subnet, release: () => void held.close() };
    refused.push(subnet);
  }
};
