// How much room the disk of an installation has, and the refusal of what would take the rest of it.
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Home } from "./home.ts";

/** Bytes free, for processes without root, on the disk of `folder`, or of the nearest folder above it that exists. */
export const freeBytes = (folder: string): number => {
  if (!existsSync(folder)) return freeBytes(dirname(folder));
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
};

export const inMegabytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MB`;

/** `disk_full`, with what is left of the disk. */
export const outOfReserve = (free: number, reserve: number = limit("diskReserveBytes")): SlipError =>
  new SlipError("disk_full", `The disk of the installation has ${inMegabytes(free)} left; builds and uploads leave ${inMegabytes(reserve)} to what runs.`);

/** Throws `disk_full` when the disk would have less than the reserve left after `neededBytes` more. */
export const requireRoom = (home: Home, neededBytes = 0, reserve: number = limit("diskReserveBytes")): void => {
  const free = freeBytes(home.root);
  if (free < reserve) throw outOfReserve(free, reserve);
  if (free - neededBytes < reserve)
    throw new SlipError(
      "disk_full",
      `The disk of the installation has ${inMegabytes(free)} left and this needs ${inMegabytes(neededBytes)}; ${inMegabytes(reserve)} are left to what runs.`,
    );
};
