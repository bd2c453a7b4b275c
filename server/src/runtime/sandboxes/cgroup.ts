// The control group of one sandbox, read and written by its files: freezing takes microseconds where a runtime's command takes
// milliseconds. Knows cgroup v2 and v1 (also hybrid, where v1 does the work).
import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limit } from "@slipstream/contract/limits.ts";

/** Where control groups are mounted, and how: v2 has one tree for all controllers, v1 a tree for each, in a folder of its name. */
export interface Hierarchy {
  version: 1 | 2;
  at: string;
}

const freezeMs = 2_000;
const removeMs = 2_000;

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

const threadsOf = (pid: number): string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has ended.
    return [];
  }
};

/** `name N` of a flat keyed file such as memory.events. Pure. */
export const counterOf = (text: string, name: string): number => {
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
};

/** The hierarchy mounted at a path. */
export const hierarchyAt = (at: string): Hierarchy => ({ version: existsSync(join(at, "cgroup.controllers")) ? 2 : 1, at });

const machineHierarchy = (): Hierarchy => hierarchyAt("/sys/fs/cgroup");

/** Moves the processes of a v2 group to a group below it. */
export const moveDown = (folder: string): void => {
  const below = join(folder, "init");
  mkdirSync(below, { recursive: true });
  // Again, for those that were forked meanwhile; 0 is a process that this one cannot see.
  for (let round = 0; round < 10; round += 1) {
    const pids = read(join(folder, "cgroup.procs"))
      .split("\n")
      .filter((pid) => pid !== "" && pid !== "0");
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        writeFileSync(join(below, "cgroup.procs"), pid);
      } catch {
        // It has ended, or it is still there in the next round.
      }
    }
  }
};

/**
 * Lets the groups below the root have limits. The root that a container sees is on v2 a group like any other, which may hold processes
 * or hand on controllers, not both: there its processes move down, as all programs do that make containers in containers.
 */
const handOnControllers = ({ version, at }: Hierarchy = machineHierarchy()): void => {
  if (version === 1) return;
  const words = (name: string): string[] => read(join(at, name)).split(/\s+/).filter(Boolean);
  const [there, given] = [words("cgroup.controllers"), words("cgroup.subtree_control")];
  const missing = ["memory", "cpu", "pids"].filter((name) => there.includes(name) && !given.includes(name));
  if (missing.length === 0) return;
  const hand = (sign: "+" | "-", names: readonly string[]): void =>
    writeFileSync(join(at, "cgroup.subtree_control"), names.map((name) => `${sign}${name}`).join(" "));
  // The kernel's own root has no type, and may hold both. Where a few controllers are handed on beside processes, as runc does when
  // it may not hand on all, the groups below take no process in until those are taken back.
  if (existsSync(join(at, "cgroup.type"))) {
    if (given.length > 0) hand("-", given);
    moveDown(at);
  }
  hand("+", missing);
};

/** The folders of a group: one on v2, one a controller on v1. */
const foldersOf = ({ version, at }: Hierarchy, group: string): string[] =>
  version === 2 ? [join(at, group)] : readdirSync(at).map((controller) => join(at, controller, group));

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
  readonly #hierarchy: Hierarchy;
  constructor(group: string, hierarchy: Hierarchy = machineHierarchy()) {
    this.group = group;
    this.#hierarchy = hierarchy;
  }

  get #unified(): boolean {
    return this.#hierarchy.version === 2;
  }

  /** What of the group a program may be shown (OciInput.cgroupView); the folders are made, so that they can be mounted. */
  view(): "unified" | Record<string, string> {
    if (this.#unified) return "unified";
    const folders = Object.fromEntries(["memory", "cpu"].map((controller) => [controller, this.#file(controller, "")]));
    for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
    return folders;
  }

  /**
   * Bounds the memory of the group, directly below the root, with all below it; what needs more is ended inside of it. False where the
   * machine does not count memory by groups.
   */
  boundMemory(bytes: number): boolean {
    try {
      mkdirSync(this.#file("memory", ""), { recursive: true });
      handOnControllers(this.#hierarchy);
      writeFileSync(this.#file("memory", this.#unified ? "memory.max" : "memory.limit_in_bytes"), `${bytes}`);
      return true;
    } catch {
      return false;
    }
  }

  /** Stops every process of the group where it stands. Resolves when all stand still; rejects when that takes too long. */
  async freeze(): Promise<void> {
    this.#setFrozen(true);
    for (const end = performance.now() + freezeMs; !this.isFrozen(); await sleep(1)) {
      if (performance.now() > end) {
        this.thaw();
        throw new Error(`The processes of ${this.group} could not be frozen.`);
      }
    }
  }

  thaw(): void {
    this.#setFrozen(false);
  }

  isFrozen(): boolean {
    return this.#unified
      ? counterOf(read(this.#file("freezer", "cgroup.events")), "frozen") === 1
      : read(this.#file("freezer", "freezer.state")).trim() === "FROZEN";
  }

  /** How often the kernel ended a process of the group because its memory was used up. */
  oomKills(): number {
    return counterOf(read(this.#file("memory", this.#unified ? "memory.events" : "memory.oom_control")), "oom_kill");
  }

  /** CPU time of the group in milliseconds since it was made, and a name that it shares with no group before or after it. */
  cpuTime(): { life: string; ms: number } | undefined {
    const folder = this.#file("cpuacct", "");
    const ms = this.#unified ? counterOf(read(join(folder, "cpu.stat")), "usage_usec") / 1e3 : Number(read(join(folder, "cpuacct.usage"))) / 1e6;
    const life = statSync(folder, { throwIfNoEntry: false })?.ino;
    return life === undefined ? undefined : { life: `${life}`, ms: Math.round(ms) };
  }

  /** Memory that the group holds now. */
  memoryBytes(): number {
    return Number(read(this.#file("memory", this.#unified ? "memory.current" : "memory.usage_in_bytes")));
  }

  /** Pids as this process sees them. */
  pids(): number[] {
    return read(this.#file("pids", "cgroup.procs"))
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  }

  /** Whether a thread of the group runs, or would if there were a processor for it (proc_pid_stat(5), state R). */
  isRunnable(): boolean {
    return this.pids().some((pid) => threadsOf(pid).some((thread) => /\) R [^)]*$/.test(read(`/proc/${pid}/task/${thread}/stat`))));
  }

  /** SIGKILL to all, frozen ones too; where the kernel can do it at once (v2 since Linux 5.14), no process gets away by forking. */
  kill(): void {
    if (this.#unified && this.#write("cgroup.kill", "1")) return;
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
    const folders = foldersOf(this.#hierarchy, this.group);
    for (const end = performance.now() + removeMs; performance.now() < end; await sleep(5)) if (folders.map(removeFolder).every(Boolean)) return;
  }

  #file(controller: string, name: string): string {
    const { at } = this.#hierarchy;
    return this.#unified ? join(at, this.group, name) : join(at, controller, this.group, name);
  }

  #setFrozen(frozen: boolean): void {
    if (this.#unified) this.#write("cgroup.freeze", frozen ? "1" : "0");
    else this.#write("freezer.state", frozen ? "FROZEN" : "THAWED");
  }

  /** Writes a file of the group (on v1 of its freezer). False when there is no such file: the group is gone, or the kernel does not know it. */
  #write(name: string, value: string): boolean {
    let file: number | undefined;
    try {
      // Not to be made where it is missing: the kernel would refuse that as if it might not be written.
      file = openSync(this.#file("freezer", name), constants.O_WRONLY);
      writeSync(file, value);
      return true;
    } catch (error) {
      if (["ENOENT", "ENODEV"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
      throw error;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

/** What of a machine's memory all its sandboxes together may have, whatever each of them was promised. Pure. */
export const sandboxMemory = (totalBytes: number): number =>
  Math.floor(Math.max(totalBytes / 2, totalBytes - Math.max(limit("memoryReserveBytes"), totalBytes / 10)));

/** The group of all sandboxes of an installation. Pure. */
export const groupOf = ({ id }: { id: string }): string => `/slipstream-${id}`;

/** Groups directly below `parent`. */
export const childGroups = (parent: string): string[] => {
  const names = foldersOf(machineHierarchy(), parent).flatMap((folder) => {
    try {
      return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    } catch {
      return [];
    }
  });
  return [...new Set(names)].map((name) => `${parent}/${name}`);
};
