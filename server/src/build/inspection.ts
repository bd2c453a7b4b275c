// What builds leave on the disk, and which artifacts are not whole: for the audit.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { MachineThing } from "@slipstream/contract/ports/inspection.ts";
import { wallClock } from "#platform/clock.ts";
import { removeTree } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { imageBlobs } from "#platform/oci/image.ts";
import { blobPath, temporaryFolder } from "#platform/oci/layout.ts";
import { fetchesFolder } from "./git/fetch-folder.ts";
import { buildSecretsFolder, workspacesFolder } from "./workspace.ts";

/** Blobs and layers in the making are written without a pause. */
const temporaryMs = 60_000;

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

const olderThan = (path: string, ms: number): boolean => {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && wallClock.ageMs(stats.mtimeMs) > ms;
};

const temporaryFolders = (home: Home): { folder: string; ms: number }[] => [
  { folder: temporaryFolder(home), ms: temporaryMs },
  { folder: fetchesFolder(home), ms: limit("gitFetchMs") },
];

export const foundOfBuilds = (home: Home): MachineThing[] => {
  const workspaces = new Set([workspacesFolder(home), buildSecretsFolder(home)].flatMap(namesIn));
  const temporary = temporaryFolders(home).flatMap(({ folder, ms }) => namesIn(folder).filter((name) => olderThan(join(folder, name), ms)));
  return [...[...workspaces].map((name) => ({ kind: "workspace" as const, name })), ...temporary.map((name) => ({ kind: "temporary" as const, name }))];
};

/** Of these, the artifacts of which a file is missing, or not as long as it must be. */
export const incompleteArtifacts = (home: Home, artifacts: readonly string[]): string[] =>
  artifacts.filter((artifact) => {
    try {
      const { config, layers } = imageBlobs(home, artifact);
      return [config, ...layers].some(({ digest, size }) => statSync(blobPath(home, digest), { throwIfNoEntry: false })?.size !== size);
    } catch (error) {
      if (error instanceof SlipError && error.code !== "not_found") throw error;
      return true;
    }
  });

/** Gives what was removed; kinds that are not of builds are left aside. */
export const sweepBuilds = async (home: Home, things: readonly MachineThing[], underway: readonly string[]): Promise<MachineThing[]> => {
  const removed: MachineThing[] = [];
  for (const thing of things) {
    const { kind, name } = thing;
    if (!/^[\w-]+$/.test(name) || underway.includes(name)) continue;
    if (kind === "workspace") for (const folder of [workspacesFolder(home), buildSecretsFolder(home)]) await removeTree(join(folder, name));
    else if (kind === "temporary")
      for (const { folder, ms } of temporaryFolders(home)) if (olderThan(join(folder, name), ms)) await removeTree(join(folder, name));
    if (kind === "workspace" || kind === "temporary") removed.push(thing);
  }
  return removed;
};
