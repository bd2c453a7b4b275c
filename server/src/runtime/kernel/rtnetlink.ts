// Messages of rtnetlink(7), which change addresses and routes. Pure.

const [newAddress, newRoute] = [20, 24];
/** A request that is acknowledged; what is there already is replaced. */
const flags = 0x1 | 0x4 | 0x400 | 0x100;
const inet = 2;
const [mainTable, protocolBoot, unicast] = [254, 3, 1];
const [scopeUniverse, scopeLink] = [0, 253];

/** Both kinds of machine that there are numbers of calls for put the lowest byte first. */
const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >> 8]);
const u32 = (value: number): Buffer => Buffer.concat([u16(value & 0xffff), u16(value >>> 16)]);
const addressBytes = (address: string): Buffer => Buffer.from(address.split(".").map(Number));

/** All values here are of four bytes, so nothing needs padding. */
const attribute = (type: number, value: Buffer): Buffer => Buffer.concat([u16(4 + value.length), u16(type), value]);

const message = (type: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(16 + body.length), u16(type), u16(flags), u32(1), u32(0), body]);
};

/** `ip addr replace ADDRESS/32 dev LINK` */
export const addressMessage = (link: number, address: string): Buffer =>
  message(newAddress, Buffer.from([inet, 32, 0, scopeUniverse]), u32(link), attribute(2, addressBytes(address)), attribute(1, addressBytes(address)));

const routeHead = (bits: number, scope: number): Buffer => Buffer.concat([Buffer.from([inet, bits, 0, 0, mainTable, protocolBoot, scope, unicast]), u32(0)]);

/** `ip route replace ADDRESS/32 dev LINK` */
export const routeMessage = (link: number, address: string): Buffer =>
  message(newRoute, routeHead(32, scopeLink), attribute(1, addressBytes(address)), attribute(4, u32(link)));

/** `ip route replace default via GATEWAY dev LINK src SOURCE` */
export const defaultRouteMessage = (link: number, { gateway, source }: { gateway: string; source: string }): Buffer =>
  message(newRoute, routeHead(0, scopeUniverse), attribute(5, addressBytes(gateway)), attribute(4, u32(link)), attribute(7, addressBytes(source)));
