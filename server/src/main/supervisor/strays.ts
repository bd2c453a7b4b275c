// Processes that a supervisor started and died before it had written down: nobody knows them, and they hold what the next ones need.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import type { Home } from "#platform/home.ts";
import { identityOf, type ProcessIdentity } from "#platform/process-identity.ts";

/** Of a program of Node. */
const argumentsOf = (pid: string): string[] => {
  try {
    // Who reads such a file in an editor is none.
    return basename(readlinkSync(`/proc/${pid}/exe`)) === "node" ? readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0") : [];
  } catch {
    // It has ended.
    return [];
  }
};

/** Those that run a process's code of this installation and are none of the known. To be asked by who has the lock, and starts nothing meanwhile. */
export const straysOf = (home: Home, known: readonly Pick<ProcessIdentity, "pid">[]): ProcessIdentity[] => {
  const isOurs = (word: string): boolean => word.startsWith(`${home.root}/code/`) && /\/server\/src\/main\/(?:host|control|edge)\.ts$/.test(word);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && !known.some(({ pid }) => pid === Number(name)) && argumentsOf(name).some(isOurs))
    .flatMap((name) => identityOf(Number(name)) ?? []);
};
