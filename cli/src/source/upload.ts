// Sends a tree: its manifest first, then only the contents that the platform does not have.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import { changeOf, sourceDigest } from "@slipstream/contract/source.ts";
import { packContents } from "@slipstream/contract/source-pack.ts";
import type { Digest } from "@slipstream/contract/words.ts";
import type { Session } from "../platform/session.ts";
import { openFound, type Tree, TreeChanged } from "./manifest.ts";
import { rememberSent, sentBefore } from "./sent.ts";
import { sideBySide } from "./side-by-side.ts";

const uploadsAtOnce = 6;
/** Smaller contents are sent many together. */
const smallBytes = 256 * 2 ** 10;
const packBytes = 4 * 2 ** 20;
/** A content is in memory while it is sent, so larger ones go one by one. */
const largeBytes = 16 * 2 ** 20;

/** The bytes of a content, checked again: a file may have changed since its hash was taken. */
const bytesOf = async (tree: Tree, sha256: string): Promise<Buffer> => {
  const file = tree.files.get(sha256);
  if (!file) throw new TreeChanged(sha256);
  await using handle = await openFound(file);
  const bytes = await readFile(handle);
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw new TreeChanged(file.path);
  return bytes;
};

/** Names the tree by what differs from what was sent of the folder before, where that is less and the platform still has it. */
const checkChange = async (session: Session, tree: Tree, signal: AbortSignal): Promise<OutputOf<"sources.check"> | undefined> => {
  const before = tree.cacheFolder === undefined ? undefined : sentBefore(tree.cacheFolder, tree.root);
  if (!before) return undefined;
  const change = changeOf(before, tree.manifest);
  if (2 * (change.entries.length + change.removed.length) > tree.manifest.entries.length) return undefined;
  try {
    const checked = await session.call("sources.check", { base: before.source, ...change }, { signal });
    return checked.source === sourceDigest(tree.manifest) ? checked : undefined;
  } catch (error) {
    if (error instanceof SlipError && error.code === "source_missing") return undefined;
    throw error;
  }
};

/** Contents that are sent together, in their order. Pure. */
export const inPacks = (contents: readonly string[], sizeOf: (sha256: string) => number): string[][] => {
  const packs: string[][] = [];
  let bytes = 0;
  for (const sha256 of contents) {
    const last = packs.at(-1);
    bytes += sizeOf(sha256);
    if (last && bytes <= packBytes && last.length < limit("sourcePackFiles")) last.push(sha256);
    else {
      packs.push([sha256]);
      bytes = sizeOf(sha256);
    }
  }
  return packs;
};

/** Makes the platform hold the tree; gives its digest and what was sent. Throws TreeChanged when the folder changed meanwhile. */
export const uploadTree = async (session: Session, tree: Tree, signal: AbortSignal): Promise<{ source: Digest; sentFiles: number; sentBytes: number }> => {
  const { source, missing } = (await checkChange(session, tree, signal)) ?? (await session.call("sources.check", tree.manifest, { signal }));
  const sizeOf = (sha256: string): number => Number(tree.files.get(sha256)?.stats.size ?? 0);
  const between = (from: number, to: number): string[] => missing.filter((sha256) => sizeOf(sha256) >= from && sizeOf(sha256) < to);
  let sentBytes = 0;
  const sendPack = async (pack: readonly string[]): Promise<void> => {
    const contents: Buffer[] = [];
    for (const sha256 of pack) contents.push(await bytesOf(tree, sha256));
    sentBytes += (await session.call("sources.uploadMany", {}, { bytes: packContents(contents), signal, patient: true })).sizeBytes;
  };
  const send = async (sha256: string): Promise<void> => {
    sentBytes += (await session.call("sources.upload", { sha256 }, { bytes: await bytesOf(tree, sha256), signal, patient: true })).sizeBytes;
  };
  await sideBySide(inPacks(between(0, smallBytes), sizeOf), uploadsAtOnce, sendPack);
  await sideBySide(between(smallBytes, largeBytes), uploadsAtOnce, send);
  await sideBySide(between(largeBytes, Number.POSITIVE_INFINITY), 1, send);
  if (tree.cacheFolder !== undefined) rememberSent(tree.cacheFolder, tree.root, { source, ...tree.manifest });
  return { source, sentFiles: missing.length, sentBytes };
};
