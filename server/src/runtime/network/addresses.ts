// Names and addresses of the network of one instance, all from the installation and a slot number. Pure.

/** A place for one network: `slipab12cd-7` names both its namespace and the host's end of its link (15 characters at most). */
export interface Slot {
  number: number;
  name: string;
  /** Path of the network namespace. */
  path: string;
  /** Address of the instance. */
  address: string;
}

export const maxSlots = 9_999;
export const namespaceFolder = "/run/netns";

export const slotPrefix = (id: string): string => `slip${id}-`;
/** The host's address on every link. Nothing but answers and, where the host resolves names itself, DNS gets in there. */
export const gatewayOf = (subnet: number): string => `10.${subnet}.0.1`;
export const rangeOf = (subnet: number): string => `10.${subnet}.0.0/16`;

/** Slots count from 1; their addresses start at 10.x.1.0, so none is the gateway's. */
export const slotOf = (id: string, subnet: number, number: number): Slot => {
  const name = `${slotPrefix(id)}${number}`;
  const host = 255 + number;
  return { number, name, path: `${namespaceFolder}/${name}`, address: `10.${subnet}.${host >> 8}.${host & 255}` };
};

/** First of the users of instances: none is an account's, or one of our own processes'. */
const firstUid = 0x6000_0000;

/**
 * The user of the program at an address. Each has one of its own, because the kernel counts some things per user, over all sandboxes:
 * the memory of pipes, what epoll looks at. An app that uses them up has used up its own. What is counted per user namespace (watches
 * of inotify, queued signals) counts for root besides, who makes them.
 */
export const uidOf = ({ address }: Slot): number =>
  firstUid +
  address
    .split(".")
    .slice(1)
    .reduce((sum, part) => sum * 256 + Number(part), 0);

/** The slot number in a name of ours, or undefined. */
export const slotNumber = (id: string, name: string): number | undefined => {
  const prefix = slotPrefix(id);
  const text = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : undefined;
};
