// What `slip doctor` says of the disk: how much is left, what holds the rest, and how to free some. Pure; disk-probe.ts looks.
import { limit } from "@slipstream/contract/limits.ts";
import type { Check } from "@slipstream/contract/ports/host.ts";
import { isLow, outOfReserve, type Room } from "./disk-room.ts";

/** A part of the installation, and what it takes on the disk. */
export interface Holder {
  name: string;
  bytes: number;
}

export interface Disk {
  free: Room;
  /** Of the whole disk, by whomever. */
  usedBytes: number;
  /** Where the disk is mounted. */
  mount: string;
  /** Counted only where the disk is low; no two overlap. */
  holders: readonly Holder[];
}

const inUnits = (bytes: number): string => (bytes < 2 ** 30 ? `${Math.floor(bytes / 2 ** 20)} MB` : `${(bytes / 2 ** 30).toFixed(1)} GB`);

const byOthers = ({ usedBytes, holders }: Disk): number => Math.max(0, usedBytes - holders.reduce((sum, { bytes }) => sum + bytes, 0));

/** Largest first, and what is not of the installation among them. */
const heldBy = (disk: Disk): string =>
  [...disk.holders, { name: "not of the platform", bytes: byOthers(disk) }]
    .filter(({ bytes }) => bytes >= 2 ** 20)
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ name, bytes }) => `${name} ${inUnits(bytes)}`)
    .join(", ");

/** What kept releases need goes with their apps; all that can go without is collected by itself when the disk is low. */
const fixOf = (disk: Disk): string =>
  byOthers(disk) * 2 > disk.usedBytes
    ? `du -xh -d 2 ${disk.mount} | sort -h | tail -n 20   # most is not of the platform: remove what is not needed`
    : "slip apps   # then 'slip destroy APP' for each that is not needed; or set SLIP_HOME to a folder of a larger disk";

/** Which folders have so many files; a file of no size takes one of the number too. */
const manyFiles = ({ mount }: Disk): string =>
  `du -x --inodes -d 3 ${mount} | sort -n | tail -n 20   # remove what is not needed, or set SLIP_HOME to another disk`;

const lackOf = (free: Partial<Room>): number => {
  const room = { bytes: Number.POSITIVE_INFINITY, files: Number.POSITIVE_INFINITY, ...free };
  return (isLow(room) ? 1 : 0) + (outOfReserve(room) ? 1 : 0);
};

/** What is shortest: bytes, or the number of files. */
const shortOf = (disk: Disk): { detail: string; fix: string } => {
  const bytes = `${inUnits(disk.free.bytes)} free under SLIP_HOME`;
  if (lackOf({ bytes: disk.free.bytes }) >= lackOf({ files: disk.free.files })) {
    const held = disk.holders.length === 0 ? "" : `; the disk holds ${heldBy(disk)}`;
    return { detail: `${bytes}${held}`, fix: fixOf(disk) };
  }
  return { detail: `${bytes}, but for ${disk.free.files} more files (inodes) only`, fix: manyFiles(disk) };
};

export const diskCheck = (disk: Disk): Check => {
  if (!isLow(disk.free)) return { name: "disk", state: "ok", detail: `${inUnits(disk.free.bytes)} free under SLIP_HOME` };
  const { detail, fix } = shortOf(disk);
  if (outOfReserve(disk.free) === undefined) return { name: "disk", state: "warning", detail: `low: ${detail}`, fix };
  const full = disk.free.bytes < limit("diskLastBytes") || disk.free.files === 0 ? "full" : "nearly full";
  return { name: "disk", state: "failed", detail: `${full}, builds and uploads are refused: ${detail}`, fix };
};
