// A folder becomes a layer: a tar in which only names, contents and the executable bit differ, so equal trees have equal digests.
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { type Pack, pack } from "tar-stream";
import type { Home } from "#platform/home.ts";
import { BlobFile, type SealedBlob } from "./blob-file.ts";
import { mediaTypes } from "./layout.ts";
import { type Part, type Stretch, stretchesOf } from "./splice.ts";
import { folderMode, type TreeEntry, walkTree } from "./tree.ts";

/** Looks at what goes into a layer. */
export interface ContentCheck {
  /** Bytes at the end of a piece of a large file that are looked at again with the next one. */
  overlapBytes: number;
  /** Called with each file, large ones in pieces; what it throws ends the packing. */
  check(name: string, content: Buffer): void;
}

export interface PackOptions {
  /** Only this folder of `folder` goes into the layer, under the same name. */
  only?: string;
  /** Names that are deleted before, with everything in them. */
  without?: (name: string) => boolean;
  /** Names that the layer says are deleted, besides those that the folder itself marks. */
  deleted?: readonly string[];
  contents?: ContentCheck | undefined;
  /** The tar may not be larger. */
  maxBytes: number;
}

const epoch = new Date(0);
const inMemoryBytes = 2 ** 20;
const aheadEntries = 32;

interface Loaded {
  entry: TreeEntry;
  content: Buffer | undefined;
}

const load = async (entry: TreeEntry): Promise<Loaded> => ({
  entry,
  content: entry.type === "file" && entry.size <= inMemoryBytes ? await readFile(entry.path) : undefined,
});

/** Reads small files a few ahead of where the tar is. */
async function* loadAhead(entries: AsyncIterable<TreeEntry>): AsyncGenerator<Loaded> {
  const waiting: Promise<Loaded>[] = [];
  try {
    for await (const entry of entries) {
      const loading = load(entry);
      loading.catch(() => {});
      waiting.push(loading);
      const first = waiting.length > aheadEntries ? waiting.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (const loading of waiting) yield await loading;
  } finally {
    await Promise.allSettled(waiting);
  }
}

const common = { uid: 0, gid: 0, uname: "", gname: "", mtime: epoch };

/** A function that is given a file in pieces. */
const piecesOf = (name: string, contents: ContentCheck | undefined): ((chunk: Buffer) => void) => {
  let before = Buffer.alloc(0);
  return (chunk) => {
    if (contents === undefined) return;
    const piece = Buffer.concat([before, chunk]);
    contents.check(name, piece);
    before = piece.subarray(Math.max(0, piece.length - contents.overlapBytes));
  };
};

const addLarge = (tar: Pack, name: string, entry: TreeEntry & { type: "file" }, look: (chunk: Buffer) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const sink = tar.entry({ ...common, name, mode: entry.executable ? 0o755 : 0o644, size: entry.size }, (error) => (error ? reject(error) : resolve()));
    const reading = createReadStream(entry.path, { highWaterMark: 2 ** 20 });
    sink.on("error", reject);
    reading.on("error", reject);
    reading.on("data", (chunk) => {
      try {
        look(chunk as Buffer);
      } catch (error) {
        reading.destroy(error as Error);
      }
      if (sink.write(chunk)) return;
      reading.pause();
      sink.once("drain", () => reading.resume());
    });
    reading.on("end", () => sink.end(undefined));
  });

const whiteoutName = (name: string): string => name.replace(/[^/]*$/, (base) => `.wh.${base}`);

const add = async (tar: Pack, { entry, content }: Loaded, contents: ContentCheck | undefined): Promise<void> => {
  const { name } = entry;
  if (content) contents?.check(name, content);
  if (entry.type === "directory") tar.entry({ ...common, name: `${name}/`, type: "directory", mode: entry.mode }, "");
  else if (entry.type === "link") tar.entry({ ...common, name, type: "symlink", linkname: entry.target, mode: 0o777 }, "");
  else if (entry.type === "whiteout") tar.entry({ ...common, name: whiteoutName(name), mode: 0o644 }, "");
  else if (content) tar.entry({ ...common, name, mode: entry.executable ? 0o755 : 0o644 }, content);
  else await addLarge(tar, name, entry, piecesOf(name, contents));
};

async function* chosen(folder: string, options: PackOptions): AsyncGenerator<TreeEntry> {
  if (options.only !== undefined) yield { type: "directory", name: options.only, path: folder, mode: folderMode(options.only) };
  yield* walkTree(folder, { prefix: options.only ?? "", without: options.without ?? (() => false) });
  for (const name of options.deleted ?? []) yield { type: "whiteout", name };
}

const sizeOf = (entry: TreeEntry): number => (entry.type === "file" ? entry.size : 0);

const tooLarge = (largest: TreeEntry | undefined, maxBytes: number): SlipError => {
  const limit = `the limit is ${Math.round(maxBytes / 2 ** 20)} MB`;
  // The name is a stranger's: one that could be anything else than a name is not repeated.
  const name = /^app\/([\w@./+-]{1,200})$/.exec(largest?.name ?? "")?.[1];
  if (largest === undefined || name === undefined) return new SlipError("image_too_large", `A layer is too large: ${limit}.`);
  const megabytes = Math.round(sizeOf(largest) / 2 ** 20);
  return new SlipError("image_too_large", `A layer is too large: ${limit}, and ${name} alone has ${megabytes} MB.`, {
    cause: `${name} is the largest file of the artifact.`,
    file: name,
    next: [`Leave ${name} out: add it to .slipignore, or let the build remove it.`, "Let the app fetch what is large when it needs it, from where it is kept."],
  });
};

/** The entries as they are; a file that does not fit is known before any of it is read. */
async function* within(entries: AsyncIterable<TreeEntry>, maxBytes: number): AsyncGenerator<TreeEntry> {
  let [sum, largest]: [number, TreeEntry | undefined] = [0, undefined];
  for await (const entry of entries) {
    sum += sizeOf(entry);
    if (largest === undefined || sizeOf(entry) > sizeOf(largest)) largest = entry;
    if (sum > maxBytes) throw tooLarge(largest, maxBytes);
    yield entry;
  }
}

/** The tar of entries, with its end. */
async function* tarOf(entries: AsyncIterable<TreeEntry>, contents: ContentCheck | undefined): AsyncGenerator<Buffer> {
  const tar = pack();
  const adding = (async () => {
    for await (const loaded of loadAhead(entries)) await add(tar, loaded, contents);
    tar.finalize();
  })();
  adding.catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    for await (const chunk of tar) yield chunk as Buffer;
    await adding;
  } finally {
    tar.destroy();
    await adding.catch(() => {});
  }
}

/** Two empty blocks. */
const end = Buffer.alloc(1_024);

async function* withoutEnd(tar: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of tar) {
    const all = Buffer.concat([held, chunk]);
    const split = Math.max(0, all.length - end.length);
    yield all.subarray(0, split);
    held = all.subarray(split);
  }
}

async function* inOrder(entries: readonly TreeEntry[]): AsyncGenerator<TreeEntry> {
  yield* entries;
}

const chunkBytes = 2 ** 20;

async function* tarOfStretches(before: Buffer, stretches: readonly Stretch[], contents: ContentCheck | undefined): AsyncGenerator<Buffer> {
  for (const stretch of stretches) {
    if (stretch.kind === "new") yield* withoutEnd(tarOf(inOrder(stretch.entries), contents));
    else {
      if (contents !== undefined) for (const { name, place } of stretch.parts) contents.check(name, before.subarray(place.contentStart, place.contentEnd));
      for (let at = stretch.start; at < stretch.end; at += chunkBytes) yield before.subarray(at, Math.min(at + chunkBytes, stretch.end));
    }
  }
  yield end;
}

const writeTar = async (home: Home, chunks: AsyncIterable<Buffer>, maxBytes: number): Promise<SealedBlob> => {
  const blob = await BlobFile.create(home);
  try {
    for await (const chunk of chunks) {
      await blob.write(chunk);
      if (blob.size > maxBytes) throw tooLarge(undefined, maxBytes);
    }
    return await blob.seal(mediaTypes.layer);
  } catch (error) {
    await blob.discard();
    throw error;
  }
};

/** Writes the layer of `folder` as a blob that is not committed yet; the folder holds what the layer says and no more after it. Throws `image_too_large`, and what `contents` throws. */
export const packLayer = (home: Home, folder: string, options: PackOptions): Promise<SealedBlob> =>
  writeTar(home, tarOf(within(chosen(folder, options), options.maxBytes), options.contents), options.maxBytes);

/**
 * Writes a layer of entries of the tar `before` and of new ones, in the order of walkTree: the blob is the one that packLayer makes of
 * such a folder. Throws as that does.
 */
export const packParts = (
  home: Home,
  before: Buffer,
  parts: readonly Part[],
  { contents, maxBytes }: Pick<PackOptions, "contents" | "maxBytes">,
): Promise<SealedBlob> => writeTar(home, tarOfStretches(before, stretchesOf(parts), contents), maxBytes);
