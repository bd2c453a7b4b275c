// The control group of one sandbox, read and written by its files: freezing takes microseconds where a runtime's command takes
// milliseconds. Knows cgroup v2 and v1 (also hybrid, where v1 does the work).
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limit } from "@slipstream/contract/limits.ts";

const base = "/sys/fs/cgroup";
const freezeMs = 2_000;
const removeMs = 2_000;

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** `name N` of a flat keyed file such as memory.events. Pure. */
export const counterOf = (text: string, name: string): number => {
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
};

const isUnified = (): boolean => existsSync(join(base, "cgroup.controllers"));

/** The folders of a group: one on v2, one a controller on v1. */
const foldersOf = (group: string): string[] => {
  if (isUnified()) return [join(base, group)];
  return readdirSync(base).map((controller) => join(base, controller, group));
};

/** False when it is still there. */
const removeFolder = (folder: string): boolean => {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== "EBUSY" && code !== "ENOTEMPTY";
  }
};

/** `group` is the path from the root of the hierarchy, "/slipstream-ab12cd/ins_…". */
export class Cgroup {
  readonly group: string;
  readonly #unified = isUnified();
  constructor(group: string) {
    this.group = group;
  }

  /** What of the group a program may be shown (OciInput.cgroupView); the folders are made, so that they can be mounted. */
  view(): "unified" | Record<string, string> {
    if (this.#unified) return "unified";
    const folders = Object.fromEntries(["memory", "cpu"].map((controller) => [controller, join(base, controller, this.group)]));
    for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
    return folders;
  }

  /**
   * Bounds the memory of the group with all below it; what needs more is ended inside of it. False where the machine does not count
   * memory by groups.
   */
  boundMemory(bytes: number): boolean {
    const folder = this.#unified ? join(base, this.group) : join(base, "memory", this.group);
    try {
      mkdirSync(folder, { recursive: true });
      if (this.#unified) writeFileSync(join(base, "cgroup.subtree_control"), "+memory");
      writeFileSync(join(folder, this.#unified ? "memory.max" : "memory.limit_in_bytes"), `${bytes}`);
      return true;
    } catch {
      return false;
    }
  }

  /** Stops every process of the group where it stands. Resolves when all stand still; rejects when that takes too long. */
  async freeze(): Promise<void> {
    this.#write("cgroup.freeze", "1", "freezer.state", "FROZEN");
    for (const end = performance.now() + freezeMs; !this.#isFrozen(); await sleep(1)) {
      if (performance.now() > end) {
        this.thaw();
        throw new Error(`The processes of ${this.group} could not be frozen.`);
      }
    }
  }

  thaw(): void {
    this.#write("cgroup.freeze", "0", "freezer.state", "THAWED");
  }

  /** How often the kernel ended a process of the group because its memory was used up. */
  oomKills(): number {
    return this.#unified
      ? counterOf(read(join(base, this.group, "memory.events")), "oom_kill")
      : counterOf(read(join(base, "memory", this.group, "memory.oom_control")), "oom_kill");
  }

  /** Pids as this process sees them. */
  pids(): number[] {
    return read(this.#unified ? join(base, this.group, "cgroup.procs") : join(base, "pids", this.group, "cgroup.procs"))
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  }

  /** SIGKILL to all, frozen ones too. */
  kill(): void {
    this.thaw();
    for (const pid of this.pids()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  }

  /** Removes the folders, once the last process has left them; what still holds one after a while stays. */
  async remove(): Promise<void> {
    for (const end = performance.now() + removeMs; performance.now() < end; await sleep(5)) if (foldersOf(this.group).every(removeFolder)) return;
  }

  #isFrozen(): boolean {
    return this.#unified
      ? counterOf(read(join(base, this.group, "cgroup.events")), "frozen") === 1
      : read(join(base, "freezer", this.group, "freezer.state")).trim() === "FROZEN";
  }

  #write(unifiedFile: string, unifiedValue: string, file: string, value: string): void {
    const path = this.#unified ? join(base, this.group, unifiedFile) : join(base, "freezer", this.group, file);
    try {
      writeFileSync(path, this.#unified ? unifiedValue : value);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** What of a machine's memory all its sandboxes together may have, whatever each of them was promised. Pure. */
export const sandboxMemory = (totalBytes: number): number =>
  Math.floor(Math.max(totalBytes / 2, totalBytes - Math.max(limit("memoryReserveBytes"), totalBytes / 10)));

/** Groups directly below `parent`. */
export const childGroups = (parent: string): string[] => {
  const names = foldersOf(parent).flatMap((folder) => {
    try {
      return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    } catch {
      return [];
    }
  });
  return [...new Set(names)].map((name) => `${parent}/${name}`);
};
