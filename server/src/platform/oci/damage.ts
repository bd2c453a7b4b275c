// Blobs that are not what their digest says any more. They are found where they are read, and never used: what is
// removed is missing, and what is missing is made anew by the next build that needs it.
import { subtle } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Home } from "#platform/home.ts";
import { sha256OfFile } from "#platform/sha256.ts";
import { blobPath, hexOf } from "./layout.ts";

/** Reads all of it. False also for a blob that is not there. */
export const isWhole = async (home: Home, digest: string): Promise<boolean> =>
  existsSync(blobPath(home, digest)) && (await sha256OfFile(blobPath(home, digest))) === hexOf(digest);

/** All of a blob; undefined where it is missing or damaged. It is digested beside this thread. */
export const readWhole = async (home: Home, digest: string): Promise<Buffer | undefined> => {
  const bytes = await readFile(blobPath(home, digest)).catch(() => undefined);
  if (bytes === undefined) return undefined;
  return Buffer.from(await subtle.digest("SHA-256", bytes)).toString("hex") === hexOf(digest) ? bytes : undefined;
};

export const removeDamaged = (home: Home, digest: string): Promise<void> => rm(blobPath(home, digest), { force: true });

export const damaged = (digest: string): SlipError =>
  new SlipError("artifact_damaged", `The stored blob ${digest} is damaged: it is missing, or its content is another.`);

export const isDamaged = (error: unknown): boolean => error instanceof SlipError && error.code === "artifact_damaged";
