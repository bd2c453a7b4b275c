// Blobs that are not what their digest says any more. They are found where they are read, and never used: what is
// removed is missing, and what is missing is made anew by the next build that needs it.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Home } from "#platform/home.ts";
import { sha256OfFile } from "#platform/sha256.ts";
import { blobPath, type Descriptor, hexOf } from "./layout.ts";

/** Reads all of it. False also for a blob that is not there. */
export const isWhole = async (home: Home, digest: string): Promise<boolean> =>
  existsSync(blobPath(home, digest)) && (await sha256OfFile(blobPath(home, digest))) === hexOf(digest);

const pieceBytes = 2 ** 20;

/** All of a blob; undefined where it is missing or damaged. */
export const readWhole = async (home: Home, { digest, size }: Pick<Descriptor, "digest" | "size">): Promise<Buffer | undefined> => {
  if (!existsSync(blobPath(home, digest))) return undefined;
  await using file = await open(blobPath(home, digest));
  const [hash, bytes] = [createHash("sha256"), Buffer.allocUnsafe(size)];
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(pieceBytes, size - at));
    if (bytesRead === 0) return undefined;
    hash.update(bytes.subarray(at, at + bytesRead));
    at += bytesRead;
  }
  return hash.digest("hex") === hexOf(digest) ? bytes : undefined;
};

export const removeDamaged = (home: Home, digest: string): Promise<void> => rm(blobPath(home, digest), { force: true });

export const damaged = (digest: string): SlipError =>
  new SlipError("artifact_damaged", `The stored blob ${digest} is damaged: it is missing, or its content is another.`);

export const isDamaged = (error: unknown): boolean => error instanceof SlipError && error.code === "artifact_damaged";
