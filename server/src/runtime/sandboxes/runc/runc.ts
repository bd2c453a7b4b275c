// The runc adapter, which crun fits as well: namespaces, a system call filter and cgroups of the machine's own kernel.
import { closeSync, constants, openSync, rmSync, writeSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Maker, OciRuntime } from "../oci-runtime.ts";
import { seccompProfile } from "./seccomp.ts";
import { giveOutput, type UserNamespace } from "./user-namespace.ts";

const releaseMs = 2_000;

const letter = Buffer.from("\0");

const openedOrNot = (path: string): number | undefined => {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
};

/** A container of crun reads from the pipe. False when none does. At once, as its program waits for no more than this. */
const write = (path: string): boolean => {
  const pipe = openedOrNot(path);
  if (pipe === undefined) return false;
  try {
    // Without it the container counts as started.
    rmSync(path, { force: true });
    return writeSync(pipe, letter) === 1;
  } catch (error) {
    // It was ended meanwhile.
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return false;
    throw error;
  } finally {
    closeSync(pipe);
  }
};

/** A container of runc writes to the pipe when somebody reads it. False when there is no such pipe. */
const read = async (path: string): Promise<boolean> => {
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

/**
 * A created container's first process waits on a named pipe; `start` of runc and of crun do no more than this. Doing it here saves the
 * start of a process, and lets go what either has created.
 */
const letGo = async (pipe: string): Promise<boolean> => write(pipe) || (await read(pipe));

/** What differs between runc and crun. */
export interface RuncProgram {
  /** The program, and what stands before it. */
  command: readonly [string, ...string[]];
  /** What makes sandboxes, where that is something else; `options` stand before its own commands. */
  maker?: ((bundle: string, options: readonly string[]) => Maker) | undefined;
  /** For the configuration of the next sandbox. */
  annotations?: () => Readonly<Record<string, string>>;
  /** Told of the folder of records of each container that was created. */
  created?: (record: string) => void;
}

export interface RuncOptions {
  program: RuncProgram;
  stateFolder: string;
  /** Without one the numbers of users are the same inside and outside. */
  userNamespace: UserNamespace | undefined;
}

export const runc = ({ program: { command, maker, annotations, created }, stateFolder, userNamespace }: RuncOptions): OciRuntime => ({
  kind: "runc",
  command: () => [...command, "--root", stateFolder],
  maker: maker && (({ bundle }) => maker(bundle, ["--root", stateFolder])),
  joinsNetwork: true,
  showsCgroups: true,
  // runc's do, crun's do not.
  followsRoot: false,
  waitsForKilled: false,
  waitsAtNoCost: true,
  seccomp: seccompProfile(process.arch === "arm64" ? "arm64" : "x64"),
  userNamespace,
  createMs: 15_000,
  prepare: userNamespace && giveOutput,
  annotations,
  release(id) {
    const record = join(stateFolder, id);
    created?.(record);
    return letGo(join(record, "exec.fifo"));
  },
});
