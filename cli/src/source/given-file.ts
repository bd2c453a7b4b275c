// Files of this machine as files in a call.
import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { posix } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { GivenFile } from "@slipstream/contract/words.ts";
import { readInput } from "../terminal/prompt.ts";

interface Content {
  bytes: Buffer;
  executable: boolean;
}

const unreadable = (path: string): SlipError =>
  new SlipError("source_missing", `The file ${JSON.stringify(path.slice(0, 200))} cannot be read.`, {
    next: "Name a file that is there and that you may read.",
  });

const contentOfFile = (path: string): Content => {
  try {
    const stats = statSync(path);
    if (stats.size > limit("givenBytes"))
      throw new SlipError("too_large", `${path.slice(0, 200)} has more than ${limit("givenBytes")} bytes.`, { next: "Deploy the folder with 'slip deploy'." });
    return { bytes: readFileSync(path), executable: (stats.mode & 0o100) !== 0 };
  } catch (error) {
    throw error instanceof SlipError ? error : unreadable(path);
  }
};

/** What a file holds; '-' is standard input. Throws `source_missing` and `too_large`. */
export const contentOf = async (path: string): Promise<Content> => {
  if (path !== "-") return contentOfFile(path);
  const text = await readInput(limit("givenBytes"));
  if (text === undefined) throw new SlipError("too_large", `More than ${limit("givenBytes")} bytes came on standard input.`);
  return { bytes: Buffer.from(text), executable: false };
};

/** `PATH`, or `PATH=FILE` where the content is elsewhere. Throws `usage` for a path that is not one inside a source. */
export const givenFile = async (word: string): Promise<GivenFile> => {
  const at = word.indexOf("=");
  const path = posix.normalize(at < 0 ? word : word.slice(0, at));
  if (path === "." || path.startsWith("/") || path.split("/").includes(".."))
    throw new SlipError("usage", `"${path.slice(0, 200)}" is not a path inside the source.`, { next: "Write PATH=FILE for a file that lies elsewhere." });
  const { bytes, executable } = await contentOf(at < 0 ? path : word.slice(at + 1));
  return { path, ...(isUtf8(bytes) ? { text: bytes.toString() } : { base64: bytes.toString("base64") }), ...(executable ? { executable } : {}) };
};
