// Uploaded sources on disk: manifests and the contents of files by their hash, each tenant's apart.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { type SourceChange, type SourceManifest, sourceDigest } from "@slipstream/contract/source.ts";
import type { Query } from "#platform/database.ts";
import { asDiskFull } from "#platform/disk-full.ts";
import { requireRoom } from "#platform/disk-room.ts";
import { sync, syncNames } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { sha256OfFile } from "#platform/sha256.ts";
import { rememberManifest, storedManifest } from "#platform/stored-manifest.ts";
import type { GivenTree } from "./given-files.ts";
import { KnownContents } from "./known-contents.ts";
import { SafeNames } from "./safe-names.ts";
import { blobsOf, sizeOf } from "./source.ts";

const syncedAtOnce = 16;
/** Contents written in one go: about a millisecond. */
const writtenAtOnce = 16;

const orDiskFull = (error: unknown): never => {
  throw asDiskFull(error) ?? error;
};

/**
 * Throws `invalid_input` where a content has another size than the manifest says: the limits were counted by what it says; and
 * `source_missing` where it is damaged, so that it is sent again.
 */
const checkSizes = async (home: Home, tenant: string, { entries }: SourceManifest, sizeOnDisk: (sha256: string) => number | undefined): Promise<void> => {
  for (const entry of entries) {
    if (entry.type === "link") continue;
    const size = sizeOnDisk(entry.sha256);
    if (size === entry.size) continue;
    const blob = home.sourceBlob(tenant, entry.sha256);
    if ((await sha256OfFile(blob)) === entry.sha256)
      throw new SlipError("invalid_input", `The content of ${JSON.stringify(entry.path)} has ${size} bytes, not ${entry.size}.`);
    await rm(blob, { force: true });
    throw new SlipError("source_missing", `The stored content of ${JSON.stringify(entry.path)} was damaged; send the source again.`);
  }
};

/** Uploads and manifests, and which of them this process knows to be here and safe on disk: one before it may have died in the midst of that. */
export class SourceStore {
  readonly #home: Home;
  readonly #known: KnownContents;
  readonly #safe = new SafeNames();
  /** Manifests by path, on their way to the disk. */
  readonly #underway = new Map<string, Promise<void>>();

  constructor(home: Home) {
    this.#home = home;
    this.#known = new KnownContents(home);
  }

  /**
   * Stores the manifest, and the change by which it was named, if any; gives the contents that this tenant has not sent yet. Throws
   * `disk_full` when there is no room for them.
   */
  async check(tenant: string, digest: string, manifest: SourceManifest, change?: SourceChange): Promise<string[]> {
    const path = this.#home.sourceManifest(tenant, digest);
    const blobs = blobsOf(manifest);
    const sizeOnDisk = await this.#known.look(tenant, blobs);
    const missing = blobs.filter((sha256) => sizeOnDisk(sha256) === undefined);
    if (missing.length > 0) requireRoom(this.#home, sizeOf(manifest, new Set(missing)));
    if (!existsSync(path)) {
      await this.#write(path, Buffer.from(JSON.stringify(manifest)));
      if (change?.base !== undefined) this.#noteChange(tenant, digest, change);
      this.#beginToSync(path);
    }
    rememberManifest(this.#home, tenant, digest, manifest);
    return missing;
  }

  /** Takes in the content of one file. Throws `invalid_input` when its hash is another, `too_large`, `disk_full`. */
  async upload(tenant: string, sha256: string, body: Readable): Promise<number> {
    const path = this.#home.sourceBlob(tenant, sha256);
    requireRoom(this.#home);
    const temporary = await this.#temporary(path).catch(orDiskFull);
    try {
      const { digest, size } = await receive(temporary, body);
      if (digest !== sha256) throw new SlipError("invalid_input", `The content has the SHA-256 ${digest}, not ${sha256}.`);
      await rename(temporary, path);
      this.#safe.forget(tenant, sha256);
      return size;
    } catch (error) {
      await rm(temporary, { force: true });
      return orDiskFull(error);
    }
  }

  /** Takes in contents that are at hand, each under the name of its hash. Throws `disk_full`. */
  async uploadMany(tenant: string, contents: readonly Buffer[]): Promise<void> {
    if (contents.length > 0) requireRoom(this.#home);
    for (const [index, content] of contents.entries()) {
      try {
        const sha256 = createHash("sha256").update(content).digest("hex");
        storeNow(this.#home.sourceBlob(tenant, sha256), content);
        this.#safe.forget(tenant, sha256);
      } catch (error) {
        orDiskFull(error);
      }
      if (index % writtenAtOnce === writtenAtOnce - 1) await nextTurn();
    }
  }

  /** Stores a source whose new contents are all at hand; gives its digest. Throws `disk_full`. `complete` makes it safe on disk. */
  async keep(tenant: string, { manifest, contents }: GivenTree): Promise<string> {
    const digest = sourceDigest(manifest);
    const missing = await this.check(tenant, digest, manifest);
    await this.uploadMany(
      tenant,
      missing.flatMap((sha256) => contents.get(sha256) ?? []),
    );
    return digest;
  }

  /** What a stored source is made of; undefined where it is not there. */
  manifest(tenant: string, digest: string): SourceManifest | undefined {
    return storedManifest(this.#home, tenant, digest);
  }

  /**
   * What a source is made of, all of it safe on disk. Throws `not_found` for a source that was never checked, `invalid_input` when
   * contents are missing.
   */
  async complete(tenant: string, digest: string): Promise<SourceManifest> {
    const manifest = this.manifest(tenant, digest);
    if (!manifest) throw new SlipError("not_found", `There is no source ${digest}; send it first.`);
    const blobs = blobsOf(manifest);
    const sizeOnDisk = await this.#known.look(tenant, blobs);
    const missing = blobs.filter((sha256) => sizeOnDisk(sha256) === undefined).length;
    if (missing > 0) throw new SlipError("invalid_input", `${missing} files of the source were not sent yet.`);
    await checkSizes(this.#home, tenant, manifest, sizeOnDisk);
    await this.#sync(tenant, digest, blobs);
    return manifest;
  }

  /** For who reads the manifest next, and has its base in memory. */
  #noteChange(tenant: string, digest: string, change: SourceChange): void {
    try {
      storeNow(this.#home.sourceChange(tenant, digest), Buffer.from(JSON.stringify(change)));
    } catch (error) {
      orDiskFull(error);
    }
  }

  async #temporary(path: string): Promise<string> {
    await mkdir(dirname(path), { recursive: true });
    return `${path}.${randomBytes(6).toString("hex")}.new`;
  }

  async #write(path: string, content: Buffer): Promise<void> {
    const temporary = await this.#temporary(path).catch(orDiskFull);
    const file = await open(temporary, "wx", 0o644);
    try {
      await file.writeFile(content);
    } catch (error) {
      orDiskFull(error);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  }

  /** While contents are sent; `complete` waits for its end. */
  #beginToSync(path: string): void {
    const syncing = sync(path);
    this.#underway.set(path, syncing);
    syncing.then(
      () => this.#underway.delete(path),
      () => {}, // What failed is thrown where it is waited for.
    );
  }

  async #sync(tenant: string, digest: string, blobs: readonly string[]): Promise<void> {
    const names = this.#safe.others(tenant, [digest, ...blobs]);
    const paths = names.map((name) => (name === digest ? this.#home.sourceManifest(tenant, digest) : this.#home.sourceBlob(tenant, name)));
    await this.#underway.get(this.#home.sourceManifest(tenant, digest));
    for (let index = 0; index < paths.length; index += syncedAtOnce) await Promise.all(paths.slice(index, index + syncedAtOnce).map(sync));
    await syncNames(this.#home.sources, paths);
    this.#safe.add(tenant, names);
  }
}

/** Small contents go into the memory of the disk: waiting for each takes longer than that. */
const storeNow = (path: string, content: Buffer): void => {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.new`;
  if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(temporary, content, { flag: "wx", mode: 0o644 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
};

const receive = async (path: string, body: Readable): Promise<{ digest: string; size: number }> => {
  const hash = createHash("sha256");
  const file = await open(path, "wx", 0o644);
  let size = 0;
  try {
    for await (const chunk of body) {
      size += (chunk as Buffer).length;
      if (size > limit("sourceFileBytes")) throw new SlipError("too_large", `The file is larger than ${limit("sourceFileBytes")} bytes.`);
      hash.update(chunk as Buffer);
      await file.write(chunk as Buffer);
    }
  } finally {
    await file.close();
  }
  return { digest: hash.digest("hex"), size };
};

/** Remembers when a source was last named; collecting spares those that were named lately. */
export const noteSource = async (query: Query, tenant: string, source: { digest: string; files: number; sizeBytes: number }): Promise<void> => {
  await query`
    insert into sources (tenant, digest, files, size_bytes) values (${tenant}, ${source.digest}, ${source.files}, ${source.sizeBytes})
    on conflict (tenant, digest) do update set checked_at = now()`;
};
