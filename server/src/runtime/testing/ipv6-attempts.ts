// Addresses of IPv6 that lead, or could be taken to lead, to what an instance may not reach. Pure: what each means is said by its name.
export interface Attempt {
  name: string;
  address: string;
  port: number;
}

/** The one resolver that instances may ask in these tests. */
export const resolver = "10.66.0.53";

const forms = {
  "the metadata service": "fd00:ec2::254",
  "the metadata service by 6to4": "2002:a9fe:a9fe::1",
  "the metadata service by NAT64": "64:ff9b::a9fe:a9fe",
  "the metadata service by an IPv4-compatible address": "::169.254.169.254",
  "a private address by 6to4": "2002:a01:203::1",
  "a private address by NAT64": "64:ff9b::a01:203",
  "a private address by the NAT64 of a network": "64:ff9b:1::a01:203",
  "a private address of IPv6": "fd12:3456::1",
  "a public address of IPv6": "2001:db8::7",
};

/** Addresses of the test's internet. */
export const far: readonly string[] = Object.values(forms);

export const attempts: readonly Attempt[] = [
  ...Object.entries(forms).map(([name, address]) => ({ name, address, port: 80 })),
  { name: "the metadata service by a mapped address", address: "::ffff:169.254.169.254", port: 80 },
  { name: "a private address by a mapped address", address: "::ffff:10.1.2.3", port: 80 },
  { name: "a port of the machine", address: "fd77::1", port: 8_080 },
  { name: "another app", address: "fd77::3", port: 3_000 },
];
