// Symbolic links of a source: kept when they stay inside the tree.
import { realpathSync } from "node:fs";
import { dirname, isAbsolute, join, posix, sep } from "node:path";

const isWithin = (root: string, path: string): boolean => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

const realPathOf = (path: string): string | undefined => {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
};

/** Whether the link at `path` (relative to `root`, which is real) leads out of `root`, by its words or through other links. */
export const linkLeaves = (root: string, path: string, target: string): boolean => {
  if (isAbsolute(target)) return true;
  const resolved = posix.join(dirname(path), target);
  if (resolved === ".." || resolved.startsWith("../")) return true;
  const real = realPathOf(join(root, path));
  return real !== undefined && !isWithin(root, real);
};
