// The runc adapter, which crun fits as well: namespaces, a system call filter and cgroups of the machine's own kernel.
import { constants } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OciRuntime } from "../oci-runtime.ts";
import { seccompProfile } from "./seccomp.ts";
import { giveOutput, type UserNamespace } from "./user-namespace.ts";

const releaseMs = 2_000;

/**
 * A created container's first process waits on a named pipe until someone reads; `runc start` does no more than this. Reading it
 * here saves the start of a process. False when there is no such pipe, as in a runtime that does it otherwise.
 */
const letGo = async (record: string): Promise<boolean> => {
  const path = join(record, "exec.fifo");
  const pipe = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (!pipe) return false;
  try {
    for (const end = performance.now() + releaseMs; performance.now() < end; await sleep(1)) {
      const { bytesRead } = await pipe.read(Buffer.alloc(8), 0, 8).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "EAGAIN") return { bytesRead: 0 };
        throw error;
      });
      if (bytesRead === 0) continue;
      await rm(path, { force: true });
      return true;
    }
    return false;
  } finally {
    await pipe.close();
  }
};

/** What differs between runc and crun. */
export interface RuncProgram {
  /** The program, and what stands before it. */
  command: readonly [string, ...string[]];
  /** For the configuration of the next sandbox. */
  annotations?(): Readonly<Record<string, string>>;
  /** Lets the program of a created container go, whose records are in that folder; false when it cannot. */
  letGo(record: string): Promise<boolean>;
}

export const runcProgram = (program: string): RuncProgram => ({ command: [program], letGo });

export interface RuncOptions {
  program: RuncProgram;
  stateFolder: string;
  /** Without one the numbers of users are the same inside and outside. */
  userNamespace: UserNamespace | undefined;
}

export const runc = ({ program, stateFolder, userNamespace }: RuncOptions): OciRuntime => ({
  kind: "runc",
  command: () => [...program.command, "--root", stateFolder],
  joinsNetwork: true,
  showsCgroups: true,
  seccomp: seccompProfile(process.arch === "arm64" ? "arm64" : "x64"),
  userNamespace,
  createMs: 15_000,
  prepare: userNamespace && giveOutput,
  annotations: program.annotations,
  release: (id) => program.letGo(join(stateFolder, id)),
});
