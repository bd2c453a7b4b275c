// Tells when a sandbox has ended: conmon writes its exit code into a folder of all of them.
import { existsSync, mkdirSync, watch } from "node:fs";
import { join } from "node:path";

const pollMs = 500;

/** The machine has so many watches for root, and other programs may hold them all: then it is the polling alone that finds an exit. */
const watchIfPossible = (folder: string, changed: (name: string | null) => void): (() => void) => {
  try {
    const watcher = watch(folder, (_, name) => changed(name));
    watcher.on("error", () => {});
    return () => watcher.close();
  } catch (error) {
    if (!["EMFILE", "ENOSPC"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return () => {};
  }
};

export class Exits {
  readonly folder: string;
  readonly #waiting = new Map<string, () => void>();
  readonly #stop: () => void;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const unwatch = watchIfPossible(folder, (name) => this.#look(name));
    // Watches can overflow; an exit must not be missed.
    const timer = setInterval(() => {
      for (const id of this.#waiting.keys()) this.#look(id);
    }, pollMs);
    timer.unref();
    this.#stop = () => {
      clearInterval(timer);
      unwatch();
    };
  }

  /** Calls `ended` once when the sandbox ends, at the next turn when it has already. A later call for the same id takes its place. */
  onExit(id: string, ended: () => void): void {
    this.#waiting.set(id, ended);
    setImmediate(() => this.#look(id));
  }
  forget(id: string): void {
    this.#waiting.delete(id);
  }
  close(): void {
    this.#stop();
    this.#waiting.clear();
  }

  #look(id: string | null): void {
    const ended = id === null ? undefined : this.#waiting.get(id);
    if (id === null || !ended || !existsSync(join(this.folder, id))) return;
    this.#waiting.delete(id);
    ended();
  }
}
