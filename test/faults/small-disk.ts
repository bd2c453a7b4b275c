// A disk of its own for an installation: a file with a file system, mounted through a loop device.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Not every root's path has the system's own programs. */
const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };

/** A program of the machine; throws with what it said. */
export const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env }).trim();

/** Containers have the loop driver without its devices. */
const makeDevices = (): void => {
  for (const [path, ...numbers] of [
    ["/dev/loop-control", "c", "10", "237"],
    ...Array.from({ length: 32 }, (_, index) => [`/dev/loop${index}`, "b", "7", `${index}`]),
  ])
    try {
      run("mknod", path ?? "", ...numbers);
    } catch {
      // It is there.
    }
};

/** A file as a block device. */
export const loopDevice = (file: string): string => {
  try {
    return run("losetup", "--find", "--show", file);
  } catch {
    makeDevices();
  }
  try {
    return run("losetup", "--find", "--show", file);
  } catch (error) {
    throw new Error("These tests need a loop device, and this machine gives none: run them where 'losetup --find' works (a container needs --privileged).", {
      cause: error,
    });
  }
};

export class SmallDisk {
  /** Where it is mounted. */
  readonly folder: string;
  readonly #place: string;
  readonly #device: string;

  /** The file is sparse: what nobody writes takes no room anywhere. */
  constructor(sizeBytes: number) {
    this.#place = mkdtempSync(join(tmpdir(), "slip-disk-"));
    const file = join(this.#place, "file");
    this.folder = join(this.#place, "disk");
    writeFileSync(file, "");
    truncateSync(file, sizeBytes);
    run("mkfs.ext4", "-q", "-F", "-m", "0", file);
    run("mkdir", this.folder);
    this.#device = loopDevice(file);
    try {
      run("mount", this.#device, this.folder);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Takes room until so much is left; others may write meanwhile. */
  fill(leaveBytes: number): void {
    const taken = join(this.folder, `filler-${process.hrtime.bigint()}`);
    const bytes = this.freeBytes - leaveBytes;
    if (bytes > 0) run("fallocate", "--length", `${bytes}`, taken);
  }

  /** Takes all room, to the last block. */
  fillWhole(): void {
    this.fill(2 ** 20);
    try {
      writeFileSync(join(this.folder, `filler-${process.hrtime.bigint()}`), Buffer.alloc(2 ** 24));
    } catch {
      // That was the aim.
    }
  }

  /** Gives back what `fill` took. */
  empty(): void {
    run("find", this.folder, "-maxdepth", "1", "-name", "filler-*", "-delete");
  }

  end(): void {
    for (const [program, ...args] of [
      ["umount", "--lazy", this.folder],
      ["losetup", "--detach", this.#device],
    ] as const)
      try {
        run(program, ...args);
      } catch {
        // The mount may not have come about.
      }
    rmSync(this.#place, { recursive: true, force: true });
  }
}
