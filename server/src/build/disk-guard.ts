// Ends what fills the disk. Builds write into folders of the one disk that everything of the installation shares, and no file
// system can be relied on to have quotas: so what is free is looked at often, which costs nothing, and who took it when it shrinks.
import { setTimeout as sleep } from "node:timers/promises";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { inMegabytes, outOfReserve, type Room, roomOf } from "#platform/disk-room.ts";
import { exec } from "#platform/exec.ts";

export interface DiskBounds {
  /** Folders that are written, all on the same disk. */
  folders: readonly [string, ...string[]];
  maxBytes: number;
  maxFiles: number;
  /** What of the disk stays free for the platform, where it is not the usual. */
  reserve?: Room;
  /** What is thrown for more than the bounds; a disk that is nearly full is `disk_full`. */
  excess: (what: string) => SlipError;
}

const checkMs = 200;
/** The folders are measured whenever the disk has lost this part of what they may hold. */
const shareMeasured = 1 / 16;

const du = async (flag: string, folders: readonly string[]): Promise<number> => {
  // Files that vanish meanwhile make it end with 1; what it has counted is good all the same.
  const { stdout } = await exec(["du", "-s", "-x", flag, "--", ...folders], { timeoutMs: 300_000 });
  return stdout.split("\n").reduce((sum, line) => sum + (Number.parseInt(line, 10) || 0), 0);
};

/** What folders take on the disk. */
export const bytesHeld = (folders: readonly string[]): Promise<number> => du("--block-size=1", folders);

const heldBy = async (folders: readonly string[]): Promise<Room> => {
  const [bytes, files] = await Promise.all([bytesHeld(folders), du("--inodes", folders)]);
  return { bytes, files };
};

const tooMuch = async ({ folders, maxBytes, maxFiles, excess }: DiskBounds): Promise<SlipError | undefined> => {
  const held = await heldBy(folders);
  if (held.bytes > maxBytes) return excess(`more than ${inMegabytes(maxBytes)}`);
  return held.files > maxFiles ? excess(`more than ${maxFiles} files`) : undefined;
};

/** Each call looks once, and gives the error when the bounds are passed. */
const lookerAt = (bounds: DiskBounds): (() => Promise<SlipError | undefined>) => {
  const [folder] = bounds.folders;
  let noted = roomOf(folder);
  return async () => {
    const free = roomOf(folder);
    const full = outOfReserve(free, bounds.reserve);
    if (full) return full;
    const lost = { bytes: noted.bytes - free.bytes, files: noted.files - free.files };
    if (lost.bytes < bounds.maxBytes * shareMeasured && lost.files < bounds.maxFiles * shareMeasured) {
      noted = { bytes: Math.max(noted.bytes, free.bytes), files: Math.max(noted.files, free.files) };
      return undefined;
    }
    noted = free;
    return await tooMuch(bounds);
  };
};

/** Resolves with the error when the bounds are passed, with undefined once `done` aborts: what was written last is looked at too. */
const watch = async (bounds: DiskBounds, done: AbortSignal): Promise<SlipError | undefined> => {
  const look = lookerAt(bounds);
  for (;;) {
    await sleep(checkMs, undefined, { signal: done }).catch(() => {});
    const error = await look();
    if (error || done.aborted) return error;
  }
};

/** Does something whose signal aborts when it writes too much. Throws `excess`, `disk_full`, or what `act` throws. */
export const withinDisk = async <T>(bounds: DiskBounds, signal: AbortSignal, act: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const [over, done] = [new AbortController(), new AbortController()];
  const watching = watch(bounds, done.signal).then((error) => error && over.abort(error));
  try {
    const result = await act(AbortSignal.any([signal, over.signal]));
    done.abort();
    await watching;
    over.signal.throwIfAborted();
    return result;
  } catch (error) {
    over.signal.throwIfAborted();
    throw error;
  } finally {
    done.abort();
    await watching;
  }
};
