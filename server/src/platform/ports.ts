// Numbers of this machine that must be free: TCP ports, and a 10.N network for instances.
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

const listens = (port: number, host: string): Promise<NodeJS.ErrnoException | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });

/** Whether nobody listens on `port` on any address. It binds without SO_REUSEPORT, so it also sees those that share a port. */
export const isPortFree = async (port: number): Promise<boolean> => {
  const both = await listens(port, "::");
  if (both === undefined) return (await listens(port, "0.0.0.0")) === undefined;
  return both.code === "EAFNOSUPPORT" || both.code === "EADDRNOTAVAIL" ? (await listens(port, "0.0.0.0")) === undefined : false;
};

/** A free port below those that the kernel gives to outgoing connections, so that it is still free at the next start. */
export const freePort = async (taken: readonly number[] = []): Promise<number> => {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(20_000, 32_000);
    if (!taken.includes(port) && (await isPortFree(port))) return port;
  }
  throw new Error("no free port between 20000 and 32000 was found in 200 attempts");
};

/** The second bytes of the 10.N networks that `text` (routes, addresses, resolvers) speaks of. A 10.0.0.0/8 route counts for 0 only. */
export const usedSubnets = (text: string): Set<number> => new Set([...text.matchAll(/\b10\.(\d{1,3})\.\d{1,3}\.\d{1,3}\b/g)].map((match) => Number(match[1])));

/** An N from 1 to 254 whose 10.N.0.0/16 is not used. `start` spreads installations, so that two that start together differ. */
export const freeSubnet = (used: ReadonlySet<number>, start: number): number => {
  for (let offset = 0; offset < 254; offset += 1) {
    const subnet = ((start + offset) % 254) + 1;
    if (!used.has(subnet)) return subnet;
  }
  throw new Error("every network from 10.1 to 10.254 is in use on this machine");
};
