// What `slip doctor` says of the disk: how much is left, what holds the rest, and how to free some. Pure; disk-probe.ts looks.
import { limit } from "@slipstream/contract/limits.ts";
import type { Check } from "@slipstream/contract/ports/host.ts";

/** A part of the installation, and what it takes on the disk. */
export interface Holder {
  name: string;
  bytes: number;
}

export interface Disk {
  /** For processes without root. */
  freeBytes: number;
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

export const diskCheck = (disk: Disk): Check => {
  const detail = `${inUnits(disk.freeBytes)} free under SLIP_HOME`;
  if (disk.freeBytes >= limit("diskLowBytes")) return { name: "disk", state: "ok", detail };
  const held = disk.holders.length === 0 ? "" : `; the disk holds ${heldBy(disk)}`;
  if (disk.freeBytes >= limit("diskReserveBytes")) return { name: "disk", state: "warning", detail: `low: ${detail}${held}`, fix: fixOf(disk) };
  const full = disk.freeBytes < limit("diskLastBytes") ? "full" : "nearly full";
  return { name: "disk", state: "failed", detail: `${full}, builds and uploads are refused: ${detail}${held}`, fix: fixOf(disk) };
};
