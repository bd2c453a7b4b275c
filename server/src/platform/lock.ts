// One supervisor an installation, one installation a network. A lock is an abstract socket: the kernel lets it go when its holder dies, in whatever way.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { Home } from "./home.ts";

const lock = (name: string): Promise<Server | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    server.listen({ path: `\0slip-${name}` }, () => resolve(server));
    // Holding a lock is no work that a process has to stay for.
    server.unref();
  });

/**
 * The lock of an installation, or undefined when another supervisor has it. It is held until the server is closed or the
 * process ends. Its name is made of the owner's token, so nobody else can take it before the first start.
 */
export const lockSupervisor = (home: Home): Promise<Server | undefined> =>
  lock(createHash("sha256").update(readFileSync(home.token)).digest("hex").slice(0, 40));

/** The claim on the network 10.`subnet`, or undefined when another installation of this machine has it. */
export const lockSubnet = (subnet: number): Promise<Server | undefined> => lock(`subnet-${subnet}`);
