// An overlay marks a folder that was deleted and made again as opaque: nothing of the layers below shows in it. A tar has no such
// mark, so the layer names each thing that is hidden (a whiteout), as the OCI image-spec asks of those who make layers.
import { createReadStream, existsSync, lstatSync, readdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar-stream";
import { execOrThrow } from "#platform/exec.ts";

const attribute = "trusted.overlay.opaque";

const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const foldersIn = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

/** Folders of `upper` that some lower layer has too: only these can hide anything. */
const sharedFolders = (upper: string, lower: readonly string[], prefix = ""): string[] =>
  foldersIn(join(upper, prefix)).flatMap((name) => {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    const below = lower.filter((layer) => isFolder(join(layer, path)));
    return below.length === 0 ? [] : [path, ...sharedFolders(upper, below, path)];
  });

/** Those of `folders` that are marked. Node reads no extended attributes; tar does. */
const markedFolders = async (upper: string, folders: readonly string[], temporary: string): Promise<string[]> => {
  const list = `${temporary}.list`;
  const archive = `${temporary}.tar`;
  try {
    await writeFile(list, folders.join("\0"));
    await execOrThrow([
      "tar",
      "--xattrs",
      `--xattrs-include=${attribute}`,
      "--format=pax",
      "--no-recursion",
      "--null",
      "--verbatim-files-from",
      "-C",
      upper,
      "-T",
      list,
      "-cf",
      archive,
    ]);
    const tar = extract();
    createReadStream(archive)
      .on("data", (chunk) => tar.write(chunk))
      .on("end", () => tar.end(undefined));
    const marked: string[] = [];
    for await (const entry of tar) {
      const pax = entry.header.pax as Record<string, string> | null | undefined;
      if (pax?.[`SCHILY.xattr.${attribute}`]?.startsWith("y")) marked.push(entry.header.name.replace(/\/$/, ""));
      entry.resume();
    }
    return marked;
  } finally {
    for (const path of [list, archive]) await rm(path, { force: true });
  }
};

/** What the layers below have in an opaque folder and the folder itself has not, at any depth. */
const hidden = (upper: string, lower: readonly string[], folder: string): string[] => {
  const below = lower.filter((layer) => isFolder(join(layer, folder)));
  const names = new Set(below.flatMap((layer) => readdirSync(join(layer, folder))));
  return [...names]
    .sort((a, b) => (a < b ? -1 : 1))
    .flatMap((name) => {
      const path = `${folder}/${name}`;
      if (lstatSync(join(upper, path), { throwIfNoEntry: false }) === undefined) return [path];
      return isFolder(join(upper, path)) ? hidden(upper, below, path) : [];
    });
};

export interface Hidden {
  /** Names that the layer must say are deleted, besides the whiteouts in the folder. */
  names: string[];
  /** Whether a folder is marked: over other layers the folder would hide what the layer does not. */
  marked: boolean;
}

/** What a layer made of `upper` hides of those below. `temporary` is a free path. */
export const hiddenBy = async (upper: string, lower: readonly string[], temporary: string): Promise<Hidden> => {
  const shared = sharedFolders(upper, lower.filter(existsSync)).filter((path) => path !== "app");
  if (shared.length === 0) return { names: [], marked: false };
  const marked = await markedFolders(upper, shared, temporary);
  return { names: [...new Set(marked.flatMap((folder) => hidden(upper, lower, folder)))], marked: marked.length > 0 };
};
