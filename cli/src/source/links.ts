// Symbolic links of a source: kept when they stay inside the tree.
import { realpathSync } from "node:fs";
import { dirname, isAbsolute, join, posix, sep } from "node:path";

const isWithin = (root: string, path: string): boolean => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

/** Where the system ends up on `path`, or on as much of it as exists. Node's own realpath takes '..' by the words, which is not the same. */
const realPathOf = (path: string): string => {
  for (let rest = path; ; rest = rest.slice(0, rest.lastIndexOf("/"))) {
    try {
      return realpathSync.native(rest === "" ? "/" : rest);
    } catch {
      // What does not exist leads nowhere; the folder before it may.
    }
  }
};

/** Whether `path` (absolute, which may go through links) ends outside of the folder `root`. */
export const leadsOut = (root: string, path: string): boolean => !isWithin(realPathOf(root), realPathOf(path));

/** Whether the link at `path` (relative to `root`, which is real) leads out of `root`, by its words or through other links. */
export const linkLeaves = (root: string, path: string, target: string): boolean => {
  if (isAbsolute(target)) return true;
  const resolved = posix.join(dirname(path), target);
  if (resolved === ".." || resolved.startsWith("../")) return true;
  return !isWithin(root, realPathOf(`${join(root, dirname(path))}/${target}`));
};
