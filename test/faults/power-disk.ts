// A disk whose power can be cut: what was not synced is not on it. It lies as a file on another one, which is held still while the file
// is copied: the copy has exactly what had been written to the disk at that moment, and the caches of the system are not in it.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loopDevice, run, SmallDisk } from "./small-disk.ts";

export class PowerDisk {
  /** Where it is mounted. */
  readonly folder: string;
  readonly #below: SmallDisk;
  readonly #place: string = mkdtempSync(join(tmpdir(), "slip-power-"));
  readonly #file: string;
  #device: string | undefined;
  #cuts = 0;

  constructor(sizeBytes: number) {
    this.#below = new SmallDisk(sizeBytes + 2 ** 28);
    this.#file = join(this.#below.folder, "disk");
    this.folder = join(this.#place, "disk");
    writeFileSync(this.#file, "");
    truncateSync(this.#file, sizeBytes);
    run("mkfs.ext4", "-q", "-F", "-m", "0", this.#file);
    run("mkdir", this.folder);
    this.mount(this.#file);
  }

  /** The disk as it is at this moment, to be mounted later. */
  cut(): string {
    this.#cuts += 1;
    const copy = join(this.#place, `cut-${this.#cuts}`);
    run("fsfreeze", "--freeze", this.#below.folder);
    try {
      run("cp", "--sparse=always", this.#file, copy);
    } finally {
      run("fsfreeze", "--unfreeze", this.#below.folder);
    }
    return copy;
  }

  /** Mounting replays what the file system's own journal has. */
  mount(file: string): void {
    this.#device = loopDevice(file);
    run("mount", this.#device, this.folder);
  }

  /** Throws when somebody still uses it. */
  unmount(): void {
    run("umount", this.folder);
    run("losetup", "--detach", this.#device ?? "");
    this.#device = undefined;
  }

  end(): void {
    if (this.#device !== undefined) this.unmount();
    this.#below.end();
    rmSync(this.#place, { recursive: true, force: true });
  }
}
