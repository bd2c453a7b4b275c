// Files whose contents stand in the call, as a source: alone, or laid over another one. Pure.
import { createHash } from "node:crypto";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { SourceEntry, SourceManifest } from "@slipstream/contract/source.ts";
import type { GivenFile } from "@slipstream/contract/words.ts";

export interface GivenTree {
  manifest: SourceManifest;
  /** What the call brought, by SHA-256. */
  contents: ReadonlyMap<string, Buffer>;
}

const contentOf = ({ text, base64 }: GivenFile): Buffer => (text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text));

const checkAmount = (files: number, bytes: number): void => {
  const next = "Send what has changed alone, over the source that is live; or deploy the folder with 'slip deploy'.";
  if (files > limit("givenFiles")) throw new SlipError("too_large", `The call holds ${files} files; ${limit("givenFiles")} are allowed.`, { next });
  if (bytes > limit("givenBytes"))
    throw new SlipError("too_large", `The files in the call have ${bytes} bytes together; ${limit("givenBytes")} are allowed.`, { next });
};

/** What is left of a source without some files, links and folders. Throws `invalid_input` for one that it does not have. */
const without = (entries: readonly SourceEntry[], remove: readonly string[]): SourceEntry[] =>
  remove.reduce<SourceEntry[]>(
    (left, path) => {
      const kept = left.filter((entry) => entry.path !== path && !entry.path.startsWith(`${path}/`));
      if (kept.length === left.length) throw new SlipError("invalid_input", `The base has no ${JSON.stringify(path)} to remove.`);
      return kept;
    },
    [...entries],
  );

/** The files alone, or over `base` without what is to be removed of it. Throws `too_large` and `invalid_input`. */
export const givenTree = (files: readonly GivenFile[], base?: SourceManifest, remove: readonly string[] = []): GivenTree => {
  checkAmount(Math.max(files.length, remove.length), 0);
  const contents = new Map<string, Buffer>();
  let bytes = 0;
  const given = files.map((file): SourceEntry => {
    const content = contentOf(file);
    bytes += content.length;
    const sha256 = createHash("sha256").update(content).digest("hex");
    contents.set(sha256, content);
    return { type: "file", path: file.path, sha256, size: content.length, executable: file.executable ?? false };
  });
  checkAmount(files.length, bytes);
  if (!base) return { manifest: { entries: given }, contents };
  const replaced = new Set(given.map(({ path }) => path));
  const before = new Map(base.entries.map((entry) => [entry.path, entry]));
  const over = given.map((entry, index) => keepMode(entry, files[index], before.get(entry.path)));
  return { manifest: { entries: [...without(base.entries, remove).filter(({ path }) => !replaced.has(path)), ...over] }, contents };
};

/** A file that is mended stays executable where nothing is said of that. */
const keepMode = (entry: SourceEntry, file: GivenFile | undefined, before: SourceEntry | undefined): SourceEntry =>
  entry.type === "file" && file?.executable === undefined && before?.type === "file" ? { ...entry, executable: before.executable } : entry;

const journaledPaths = 100;

/** What the journal keeps of it: paths, and no contents. */
export const withoutContents = (files: readonly GivenFile[]): Record<string, unknown> => ({
  files: files.length,
  paths: files.slice(0, journaledPaths).map(({ path }) => path),
});
