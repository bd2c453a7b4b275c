// Everything in a folder that belongs to its source.
import { type BigIntStats, lstatSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { sizeText } from "../terminal/size.ts";
import { type IgnoreRules, ignoreRules } from "./ignore-rules.ts";
import { linkLeaves } from "./links.ts";

export interface FoundFile {
  type: "file";
  /** Relative to the root, '/' between parts. */
  path: string;
  absolutePath: string;
  stats: BigIntStats;
}
export interface FoundLink {
  type: "link";
  path: string;
  target: string;
}
export type Found = FoundFile | FoundLink;

interface Walk {
  root: string;
  found: Found[];
  bytes: bigint;
}

const unsafe = (path: string, why: string): SlipError => new SlipError("source_unsafe", `${path} ${why}.`, { file: path });

export const unreadable = (path: string): SlipError =>
  new SlipError("source_unsafe", `${path} cannot be read.`, { file: path, next: "Let this user read it, or name it in .slipignore." });

const checkPath = (path: string): void => {
  if (path.includes("\uFFFD")) throw unsafe(path, "has a name that is not UTF-8");
  if (Buffer.byteLength(path) > limit("sourcePathBytes")) throw unsafe(path.slice(0, 200), `… is a path longer than ${limit("sourcePathBytes")} bytes`);
};

const addFile = (walk: Walk, file: FoundFile): void => {
  const { size } = file.stats;
  walk.bytes += size;
  if (size > limit("sourceFileBytes"))
    throw new SlipError("too_large", `${file.path} has ${sizeText(Number(size))}; a file may have ${sizeText(limit("sourceFileBytes"))}.`);
  if (walk.bytes > limit("sourceBytes")) throw new SlipError("too_large", `The source has more than ${sizeText(limit("sourceBytes"))}.`);
  walk.found.push(file);
};

const addLink = (walk: Walk, path: string, absolutePath: string): void => {
  const target = readlinkSync(absolutePath);
  if (linkLeaves(walk.root, path, target)) throw unsafe(path, `is a link to ${target.slice(0, 200)}, which is not inside the source`);
  walk.found.push({ type: "link", path, target });
};

const visit = (walk: Walk, folder: string, prefix: string, outer: IgnoreRules): void => {
  const rules = outer.within(folder);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const absolutePath = join(folder, entry.name);
    const path = prefix + entry.name;
    if (rules.leavesOut(absolutePath, entry.name, entry.isDirectory())) continue;
    checkPath(path);
    if (walk.found.length >= limit("sourceFiles")) throw new SlipError("too_large", `The source has more than ${limit("sourceFiles")} files.`);
    if (entry.isDirectory()) visit(walk, absolutePath, `${path}/`, rules);
    else if (entry.isSymbolicLink()) addLink(walk, path, absolutePath);
    else if (entry.isFile()) addFile(walk, { type: "file", path, absolutePath, stats: lstatSync(absolutePath, { bigint: true }) });
    else throw unsafe(path, "is not a file, folder or link");
  }
};

const realFolder = (folder: string): string => {
  try {
    const root = realpathSync.native(folder);
    if (lstatSync(root).isDirectory()) return root;
  } catch (error) {
    throw new SlipError(
      "source_missing",
      (error as NodeJS.ErrnoException).code === "EACCES" ? `The folder ${folder} cannot be read.` : `There is no folder ${folder}.`,
    );
  }
  throw new SlipError("source_missing", `${folder} is a file, not a folder.`, {
    next: ["Name the folder that it is in.", "Make a file that is an app by itself live with 'slip snippet FILE'."],
  });
};

/** All files and links of a source. Throws `source_missing`, `source_empty`, `source_unsafe` or `too_large`, naming the path. */
export const walkFolder = (folder: string): { root: string; found: Found[] } => {
  const root = realFolder(folder);
  const walk: Walk = { root, found: [], bytes: 0n };
  try {
    visit(walk, root, "", ignoreRules(root));
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === "EACCES") throw unreadable(path ?? folder);
    throw error;
  }
  if (walk.found.length === 0) throw new SlipError("source_empty", `The folder ${folder} has no files to deploy.`);
  return { root, found: walk.found };
};
