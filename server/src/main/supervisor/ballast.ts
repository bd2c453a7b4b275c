// The ballast: a file that holds room on the disk while there is plenty. It is given up when the disk is full, so that PostgreSQL,
// Restate and the removal of apps go on, and made again when there is room.
import { existsSync, renameSync, rmSync } from "node:fs";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { freeBytes, inMegabytes, type Room } from "#platform/disk-room.ts";
import { exec } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";

export interface BallastLimits {
  ballastBytes: number;
  lastBytes: number;
  reserveBytes: number;
}

const defaults: BallastLimits = {
  ballastBytes: limit("diskBallastBytes"),
  lastBytes: limit("diskLastBytes"),
  reserveBytes: limit("diskReserveBytes"),
};

/** Made only where builds still have room beside it, or it would be what fills the disk. Pure. */
export const ballastStep = (free: number, isThere: boolean, limits: BallastLimits = defaults): "give up" | "make" | "leave" => {
  if (isThere) return free < limits.lastBytes ? "give up" : "leave";
  return free >= limits.ballastBytes + limits.reserveBytes ? "make" : "leave";
};

/** Gives whether there was ballast to give up, and need to. Takes no room, so it comes before all else. */
export const giveUpBallast = (home: Home, limits: BallastLimits = defaults): boolean => {
  if (ballastStep(freeBytes(home.root), existsSync(home.ballast), limits) !== "give up") return false;
  rmSync(home.ballast);
  return true;
};

/** Makes it where there is room for it and the file system can set room aside: whole, or not at all. */
export const makeBallast = async (home: Home, limits: BallastLimits = defaults): Promise<void> => {
  if (ballastStep(freeBytes(home.root), existsSync(home.ballast), limits) !== "make") return;
  const unfinished = `${home.ballast}.new`;
  const { code } = await exec(["fallocate", "--length", `${limits.ballastBytes}`, unfinished], { timeoutMs: 60_000 });
  if (code === 0) renameSync(unfinished, home.ballast);
  else rmSync(unfinished, { force: true });
};

/** `disk_full` for a process that had no room to start in, by what the disk has too little of. Pure. */
export const noRoomToStart = (name: string, folder: string, free: Room, evidence: string[]): SlipError => {
  const [left, enough] =
    free.files === 0
      ? ["can take no more files (inodes)", `Remove ${limit("diskReserveFiles")} files`]
      : [`is full, with ${inMegabytes(free.bytes)} left`, `Free ${inMegabytes(limit("diskBallastBytes"))}`];
  return new SlipError("disk_full", `${name} does not start: the disk of ${folder} ${left}.`, {
    next: `${enough} on that disk ('slip doctor' says what holds it), then run 'slip up'.`,
    evidence,
  });
};
