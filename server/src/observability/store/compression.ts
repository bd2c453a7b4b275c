// A full segment as zstd: about a tenth of its text. The compressed file is whole and on the disk before it takes its name, and the other goes
// after that, so a process that dies at any moment leaves at least one of them; who reads takes the text of one.
import { access, type FileHandle, open, readFile, rename, rm, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { giveToGroup } from "./group.ts";
import { compressedName } from "./layout.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const level = 1;
/** A piece for each trip to another thread. */
const chunkBytes = 2 ** 20;
/** The compressed text of most segments. */
const compressedBytes = 2 ** 19;
/** Memory that reading one may take: a segment has 4 MiB, and the last batch on top. */
const textBytes = 64 * 2 ** 20;

/** Where compressing has come to: the draft is on the disk, it has its name, the text is gone. */
export type Step = "drafted" | "named" | "done";

/** Memory for the text of one segment after the other. A buffer for each of them has V8 look through all of its heap for garbage. */
export class TextRoom {
  #bytes = Buffer.alloc(0);

  /** What `path` holds; good until the next one. */
  async read(path: string): Promise<Buffer> {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(Math.ceil(size / chunkBytes) * chunkBytes);
      let length = 0;
      for (let read = size; read > 0 && length < size; length += read) read = (await file.read(this.#bytes, length, size - length, length)).bytesRead;
      return this.#bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  }

  /** Gives the memory back. */
  clear(): void {
    this.#bytes = Buffer.alloc(0);
  }
}

export interface Compression {
  /** The segment's text. */
  path: string;
  /** For its text. */
  room?: TextRoom;
  /** Another path on the same disk. */
  draft: string;
  group: number | undefined;
  /** Told of each step, and waited for. */
  reached?: (step: Step) => Promise<void> | void;
}

const writeDraft = async (draft: string, bytes: Buffer, group: number | undefined): Promise<void> => {
  const file = await open(draft, "w", 0o640);
  try {
    await giveToGroup(file, group);
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
};

const syncFolder = async (path: string): Promise<void> => {
  const folder: FileHandle = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

/** Removes the text; where somebody deleted the segment meanwhile, what was made of it goes too. */
const removeText = async (path: string): Promise<void> => {
  try {
    await unlink(path);
  } catch (error) {
    if (!isGone(error)) throw error;
    await rm(compressedName(path), { force: true });
  }
};

/** Puts a full segment's compressed file in the place of its text. When it rejects, the text is where it was, unless it was deleted. */
export const compressSegment = async ({ path, draft, group, reached, room = new TextRoom() }: Compression): Promise<void> => {
  try {
    const text = await room.read(path);
    const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
    await writeDraft(draft, await compress(text, { params, chunkSize: compressedBytes, pledgedSrcSize: text.length }), group);
    await reached?.("drafted");
    await access(path);
    await rename(draft, compressedName(path));
  } catch (error) {
    await rm(draft, { force: true });
    if (isGone(error)) return;
    throw error;
  }
  await syncFolder(dirname(path));
  await reached?.("named");
  await removeText(path);
  await reached?.("done");
};

/** The text goes first: who is compressing it finds that, and takes back what was made of it. */
export const deleteSegment = async (path: string): Promise<void> => {
  await rm(path, { force: true });
  await rm(compressedName(path), { force: true });
};

/** The text of a compressed segment; undefined when it is gone or damaged. */
export const readCompressed = async (path: string): Promise<Buffer | undefined> => {
  try {
    return await decompress(await readFile(path), { chunkSize: chunkBytes, maxOutputLength: textBytes });
  } catch {
    return undefined;
  }
};
