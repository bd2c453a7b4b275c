// One supervisor an installation, one installation a network. A lock is an abstract socket: the kernel lets it go when its holder dies, in whatever way.
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { writeOnce } from "./files.ts";
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
 * process ends. Its name is random and kept in a file of root's, so nobody else can take it first.
 */
export const lockSupervisor = (home: Home): Promise<Server | undefined> => {
  mkdirSync(home.processLogs, { mode: 0o700, recursive: true });
  writeOnce(home.supervisorLock, randomBytes(20).toString("hex"), 0o600);
  return lock(readFileSync(home.supervisorLock, "utf8"));
};

/** The claim on the network 10.`subnet`, or undefined when another installation of this machine has it. */
export const lockSubnet = (subnet: number): Promise<Server | undefined> => lock(`subnet-${subnet}`);
