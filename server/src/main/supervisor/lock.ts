// One supervisor an installation. The lock is an abstract socket: the kernel lets it go when its holder dies, in whatever way.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { Home } from "#platform/home.ts";

/** Nobody else can know the name before the first start: it is made of the owner's token. */
const lockName = (home: Home): string => `\0slip-${createHash("sha256").update(readFileSync(home.token)).digest("hex").slice(0, 40)}`;

/** The lock, or undefined when another supervisor has it. It is held until the server is closed or the process ends. */
export const lockSupervisor = (home: Home): Promise<Server | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    server.listen({ path: lockName(home) }, () => resolve(server));
  });
