// Unpacked layers that are not what their blobs are any more: found by comparing, and unpacked anew.
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ChangedLayer } from "@slipstream/contract/ports/inspection.ts";
import type { Digest } from "@slipstream/contract/words.ts";
import type { Home } from "#platform/home.ts";
import { isDamaged } from "#platform/oci/damage.ts";
import { blobPath, layerFolder } from "#platform/oci/layout.ts";
import { unpackAgain } from "#platform/oci/unpack.ts";
import { changedPath } from "#platform/oci/unpacked.ts";

/** A layer in which nothing was touched is not read again for a while: an audit looks several times. */
const readAgainMs = 60_000;

const stateOf = (path: string): string => {
  const { ino, size, mode, ctimeMs } = lstatSync(path);
  return `${ino} ${size} ${mode} ${ctimeMs}`;
};

/** Changes with every write to something in the folder. Between folders others have their turn. */
const stateBelow = async (folder: string): Promise<string> => {
  const hash = createHash("sha256");
  for (const folders = [folder]; folders.length > 0; await nextTurn()) {
    const at = folders.pop() ?? "";
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) folders.push(path);
      hash.update(`${path} ${stateOf(path)}\n`);
    }
  }
  return hash.digest("hex");
};

interface Known {
  state: string;
  readAt: number;
  path: string | undefined;
}

export class LayerCheck {
  readonly #home: Home;
  readonly #leased: ReadonlyMap<string, number>;
  readonly #known = new Map<string, Known>();

  /** `leased`: what builds under way use. */
  constructor(home: Home, leased: ReadonlyMap<string, number>) {
    this.#home = home;
    this.#leased = leased;
  }

  /** The unpacked layers that differ from their blobs, and where. One whose blob is missing or damaged is not among them. */
  async changed(): Promise<Omit<ChangedLayer, "workloads">[]> {
    const digests = this.#digests();
    for (const digest of this.#known.keys()) if (!digests.includes(digest as Digest)) this.#known.delete(digest);
    const found: Omit<ChangedLayer, "workloads">[] = [];
    for (const layer of digests) {
      const path = await this.#changedPath(layer).catch(unlessGone);
      if (path !== undefined) found.push({ layer, path });
    }
    return found;
  }

  /**
   * Unpacks a layer anew in its place. Gives where its old folder is now, for the caller to remove once nobody uses it; undefined
   * where it was left alone: a build is using it, or its blob is damaged.
   */
  async renew(digest: Digest): Promise<string | undefined> {
    if (this.#leased.has(digest) || !existsSync(layerFolder(this.#home, digest))) return undefined;
    try {
      return await unpackAgain(this.#home, { digest });
    } catch (error) {
      if (isDamaged(error)) return undefined;
      throw error;
    }
  }

  #digests(): Digest[] {
    const { layers } = this.#home;
    const names = existsSync(layers) ? readdirSync(layers).filter((name) => /^[0-9a-f]{64}$/.test(name)) : [];
    return names.map((name) => `sha256:${name}` as Digest).filter((digest) => existsSync(blobPath(this.#home, digest)));
  }

  async #changedPath(digest: Digest): Promise<string | undefined> {
    const { ino, ctimeMs } = statSync(blobPath(this.#home, digest));
    const state = `${ino} ${ctimeMs} ${await stateBelow(layerFolder(this.#home, digest))}`;
    const known = this.#known.get(digest);
    if (known?.state === state && performance.now() - known.readAt < readAgainMs) return known.path;
    const path = await changedPath(this.#home, digest);
    this.#known.set(digest, { state, readAt: performance.now(), path });
    return path;
  }
}

/** Layers are collected while they are looked at. */
const unlessGone = (error: unknown): undefined => {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
};
