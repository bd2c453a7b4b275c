// Whether other rules of the machine let the packets of instances pass. nftables asks every table; one that drops is enough.
import type { Check } from "@slipstream/contract/ports/host.ts";
import { exec } from "#platform/exec.ts";
import { slotPrefix } from "./addresses.ts";

interface Chain {
  family: string;
  table: string;
  name: string;
  hook?: string;
  policy?: string;
}

/** Chains of others that drop what they are not told to forward, out of `nft -j list chains`. Pure. */
export const droppingChains = (json: string): string[] => {
  const { nftables } = JSON.parse(json) as { nftables: { chain?: Chain }[] };
  return nftables.flatMap(({ chain }) =>
    chain?.hook === "forward" && chain.policy === "drop" && !chain.table.startsWith("slip_") ? [`${chain.family} ${chain.table} ${chain.name}`] : [],
  );
};

/** For `slip doctor`. Docker and firewalls set such a policy; they are not ours to change. */
export const forwardingCheck = async (id: string): Promise<Check> => {
  const { code, stdout, stderr } = await exec(["nft", "-j", "list", "chains"]);
  if (code !== 0) return { name: "forwarding", state: "warning", detail: `the rules of the machine cannot be read: ${stderr.trim()}`, fix: "nft list chains" };
  const dropping = droppingChains(stdout);
  if (dropping.length === 0) return { name: "forwarding", state: "ok", detail: "no other rules keep apps from the internet" };
  const link = `${slotPrefix(id)}+`;
  return {
    name: "forwarding",
    state: "warning",
    detail: `${dropping.join(", ")} drops what it is not told to pass: apps and builds may not reach the internet`,
    fix: `iptables -I FORWARD -i ${link} -j ACCEPT; iptables -I FORWARD -o ${link} -j ACCEPT`,
  };
};
