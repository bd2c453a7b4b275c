// Looks at the disk of an installation: what is free, and, where that is little, what each part of the installation holds.
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Disk, Holder } from "./disk-check.ts";
import { isLow, roomOf } from "./disk-room.ts";
import { exec } from "./exec.ts";
import { type Home, homeAt } from "./home.ts";

/** A large disk takes time; what could not be counted by then is left out. */
const countMs = 60_000;

/** Parts that people know by these names. None lies in another. */
const partsOf = (home: Home): Readonly<Record<string, string>> => ({
  artifacts: home.oci,
  layers: home.layers,
  sources: home.sources,
  caches: home.cache,
  logs: home.logs,
  database: home.postgres,
  restate: home.restate,
  code: home.code,
  "the platform's own logs": home.processLogs,
  ballast: home.ballast,
});

const isInstallation = (folder: string): boolean => existsSync(homeAt(folder).installation);

/** Files with several names count once, for the part that comes first. */
const holdersOf = async (home: Home): Promise<Holder[]> => {
  const parts = Object.entries(partsOf(home)).filter(([, path]) => existsSync(path));
  if (parts.length === 0) return [];
  const { stdout } = await exec(["du", "-s", "-x", "--block-size=1", "--", ...parts.map(([, path]) => path)], { timeoutMs: countMs });
  const bytes = new Map(stdout.split("\n").map((line) => [line.split("\t")[1] ?? "", Number.parseInt(line, 10)] as const));
  return parts.map(([name, path]) => ({ name, bytes: bytes.get(path) ?? 0 }));
};

const mountOf = async (path: string): Promise<string> => {
  const { stdout } = await exec(["stat", "--format=%m", "--", path], { timeoutMs: 5_000 });
  return stdout.trim() || "/";
};

/** The disk of `folder`, or of the nearest folder above it that exists. */
export const diskOf = async (folder: string): Promise<Disk> => {
  if (!existsSync(folder)) return diskOf(dirname(folder));
  const { bfree, blocks, bsize } = statfsSync(folder);
  const free = roomOf(folder);
  const holders = isLow(free) && isInstallation(folder) ? await holdersOf(homeAt(folder)) : [];
  return { free, usedBytes: (blocks - bfree) * bsize, mount: await mountOf(folder), holders };
};
