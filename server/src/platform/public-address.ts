// Which addresses are the public internet. What strangers choose to connect to must be there: not this machine, not the networks around
// it, and none of the forms in which IPv6 carries an IPv4 address.
import { BlockList, isIP } from "node:net";

/** Not the public internet: this host, private and shared ranges, link-local with the clouds' metadata, multicast. */
export const closedRanges = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** Who could reach these would send mail in our name. */
export const mailPorts: readonly number[] = [25, 465, 587];

/** Of documents, and of relays to 6to4 (RFC 5737, RFC 7526): nobody's server is there. */
const nobodysRanges = ["192.0.2.0/24", "192.88.99.0/24", "198.51.100.0/24", "203.0.113.0/24"];

/** All that IANA has given out of IPv6 (RFC 4291 §2.4). What lies outside is local, or another form of IPv4: mapped, NAT64, SRv6. */
const globalRange = "2000::/3";
/** Within it: protocols with Teredo and ORCHID (RFC 2928), documents (RFC 3849, RFC 9637), 6to4 (RFC 3056). */
const closedRanges6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const listOf = (ranges: readonly string[], family: "ipv4" | "ipv6"): BlockList => {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    list.addSubnet(address, Number(bits), family);
  }
  return list;
};

const closed = listOf([...closedRanges, ...nobodysRanges], "ipv4");
const global6 = listOf([globalRange], "ipv6");
const closed6 = listOf(closedRanges6, "ipv6");

/** False for what is no address at all, too. */
export const isPublicAddress = (address: string): boolean => {
  const family = isIP(address);
  if (family === 4) return !closed.check(address, "ipv4");
  // One with a zone is of a link.
  return family === 6 && !address.includes("%") && global6.check(address, "ipv6") && !closed6.check(address, "ipv6");
};
