// A blob while it is being written: its digest is known at its end, its place is given to it when it is durable.
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { sync, syncNames } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { blobPath, type Descriptor, ensureLayout, temporaryPath } from "./layout.ts";

/** Smaller chunks are put together before they are written. */
const bufferBytes = 2 ** 18;

export class BlobFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash: Hash = createHash("sha256");
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #size = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(home: Home): Promise<BlobFile> {
    ensureLayout(home);
    const path = temporaryPath(home);
    return new BlobFile(path, await open(path, "wx", 0o644));
  }

  get size(): number {
    return this.#size;
  }

  async write(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk);
    this.#size += chunk.length;
    if (chunk.length >= bufferBytes) {
      await this.#drain();
      return await this.#append(chunk);
    }
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= bufferBytes) await this.#drain();
  }

  async #drain(): Promise<void> {
    const chunk = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    await this.#append(chunk);
  }

  async #append(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) at += (await this.#file.write(chunk, at)).bytesWritten;
  }

  /** Ends the content. The blob is not durable and has no name yet: `commitBlobs` does that. */
  async seal(mediaType: string): Promise<SealedBlob> {
    await this.#drain();
    await this.#file.close();
    return { descriptor: { mediaType, digest: `sha256:${this.#hash.digest("hex")}`, size: this.#size }, path: this.#path };
  }

  async discard(): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }
}

export interface SealedBlob {
  descriptor: Descriptor;
  path: string;
}

/** A blob of bytes that are in memory. */
export const sealBytes = async (home: Home, mediaType: string, bytes: Buffer): Promise<SealedBlob> => {
  const blob = await BlobFile.create(home);
  await blob.write(bytes);
  return await blob.seal(mediaType);
};

/** For blobs that will not be committed. */
export const discardBlobs = async (blobs: readonly SealedBlob[]): Promise<void> => {
  for (const { path } of blobs) await rm(path, { force: true });
};

/** Makes blobs durable together, then gives them their names: a name never stands for content that could be lost. */
export const commitBlobs = async (home: Home, blobs: readonly SealedBlob[]): Promise<void> => {
  await Promise.all(blobs.map(({ path }) => sync(path)));
  for (const { path, descriptor } of blobs) await rename(path, blobPath(home, descriptor.digest));
  await syncNames(
    home.oci,
    blobs.map(({ descriptor }) => blobPath(home, descriptor.digest)),
  );
};
