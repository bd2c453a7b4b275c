// How much room the disk of an installation has, and the refusal of what would take the rest of it.
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Home } from "./home.ts";

export interface Room {
  /** For processes without root. */
  bytes: number;
  /** How many more files the disk can take (inodes); Infinity where the file system sets no number. */
  files: number;
}

/** What is free on the disk of `folder`, or of the nearest folder above it that exists. */
export const roomOf = (folder: string): Room => {
  if (!existsSync(folder)) return roomOf(dirname(folder));
  const { bavail, bsize, files, ffree } = statfsSync(folder);
  // A file system without a fixed number of files says that it has 0.
  return { bytes: bavail * bsize, files: files === 0 ? Number.POSITIVE_INFINITY : ffree };
};
export const freeBytes = (folder: string): number => roomOf(folder).bytes;

export const isLow = ({ bytes, files }: Room): boolean => bytes < limit("diskLowBytes") || files < limit("diskLowFiles");

export const inMegabytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MB`;

const ourReserve = (): Room => ({ bytes: limit("diskReserveBytes"), files: limit("diskReserveFiles") });

/** `disk_full` with what is left, where that is less than the reserve. */
export const outOfReserve = (free: Room, reserve: Room = ourReserve()): SlipError | undefined => {
  if (free.bytes < reserve.bytes)
    return new SlipError(
      "disk_full",
      `The disk of the installation has ${inMegabytes(free.bytes)} left; builds and uploads leave ${inMegabytes(reserve.bytes)} to what runs.`,
    );
  if (free.files < reserve.files)
    return new SlipError(
      "disk_full",
      `The disk of the installation can take ${free.files} more files (inodes); builds and uploads leave ${reserve.files} to what runs.`,
    );
  return undefined;
};

/** Throws `disk_full` when the disk would have less than the reserve left after `neededBytes` more. */
export const requireRoom = (home: Home, neededBytes = 0, reserve: Room = ourReserve()): void => {
  const free = roomOf(home.root);
  const error = outOfReserve(free, reserve);
  if (error) throw error;
  if (free.bytes - neededBytes < reserve.bytes)
    throw new SlipError(
      "disk_full",
      `The disk of the installation has ${inMegabytes(free.bytes)} left and this needs ${inMegabytes(neededBytes)}; ${inMegabytes(reserve.bytes)} are left to what runs.`,
    );
};
