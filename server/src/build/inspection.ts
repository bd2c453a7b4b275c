// What builds leave on the disk, and which artifacts are not whole: for the audit.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { MachineThing } from "@slipstream/contract/ports/inspection.ts";
import { wallClock } from "#platform/clock.ts";
import { removeTree } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { isDamaged, isWhole, removeDamaged } from "#platform/oci/damage.ts";
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

/** A blob that was read whole a moment ago is not read again: an audit looks several times. */
const readAgainMs = 60_000;

/** Which artifacts are damaged. Blobs are read one after the other, piece by piece. */
export class ArtifactCheck {
  readonly #home: Home;
  readonly #readAt = new Map<string, number>();

  constructor(home: Home) {
    this.#home = home;
  }

  /** Of these, those of which a file is missing, or is not what its digest says. */
  async incomplete(artifacts: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const artifact of artifacts) if ((await this.#faultsOf(artifact)).length > 0) found.push(artifact);
    return found;
  }

  /** Removes the files of these that are not what their digests say: what is missing is made anew by the build that needs it. */
  async removeDamaged(artifacts: readonly string[]): Promise<void> {
    for (const artifact of artifacts) for (const digest of await this.#faultsOf(artifact)) await removeDamaged(this.#home, digest);
  }

  /** The blobs of an artifact that are missing or damaged. */
  async #faultsOf(artifact: string): Promise<string[]> {
    try {
      const { config, layers } = imageBlobs(this.#home, artifact);
      const faults: string[] = [];
      for (const { digest } of [config, ...layers]) if (!(await this.#isWhole(digest))) faults.push(digest);
      return faults;
    } catch (error) {
      if (error instanceof SlipError && (error.code === "not_found" || isDamaged(error))) return [artifact];
      throw error;
    }
  }

  async #isWhole(digest: string): Promise<boolean> {
    const stats = statSync(blobPath(this.#home, digest), { throwIfNoEntry: false });
    if (stats === undefined) return false;
    const state = `${digest} ${stats.ino} ${stats.size} ${stats.ctimeMs}`;
    if (performance.now() - (this.#readAt.get(state) ?? Number.NEGATIVE_INFINITY) < readAgainMs) return true;
    if (!(await isWhole(this.#home, digest))) return false;
    this.#readAt.set(state, performance.now());
    return true;
  }
}

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
