// Waits until something changes in one of several folders: announced by the system where it can, else after a while.
import { type FSWatcher, watch } from "node:fs";

export class FolderChanges {
  readonly #pollMs: number;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #signal: AbortSignal;
  #changes = 0;
  #seen = 0;
  #wake: (() => void) | undefined;

  constructor(pollMs: number, signal: AbortSignal) {
    this.#pollMs = pollMs;
    this.#signal = signal;
    signal.addEventListener("abort", this.#tell);
  }

  /** Watches those of `folders` that are there; ask again to watch those that have come since. */
  watch(folders: readonly string[]): void {
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#add(folder);
  }

  /** Resolves at the next change, or one that was not waited for yet, after the poll time, or when the signal aborts. */
  async next(): Promise<void> {
    if (this.#changes === this.#seen && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pollMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#seen = this.#changes;
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#tell);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  readonly #tell = (): void => {
    this.#changes += 1;
    this.#wake?.();
  };

  #add(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, this.#tell);
      watcher.on("error", () => this.#drop(folder));
      this.#watchers.set(folder, watcher);
    } catch {
      // Not there yet, or the system has no more watches: polling finds the lines.
    }
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}
