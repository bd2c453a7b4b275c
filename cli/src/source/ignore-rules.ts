// Which paths of a folder are left out: the rules of .gitignore and .slipignore files, as git reads them.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ignore, { type Ignore } from "ignore";

/** Left out unless a rule such as `!node_modules` takes them back. */
const usual = ["node_modules/", ".venv/", "__pycache__/"];
/** Never sent: it is not source, and may hold passwords. */
const never = new Set([".git"]);

/** The rules of one folder; a file's rules count for paths below it. */
interface Level {
  folder: string;
  rules: Ignore;
}

const readRules = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

const levelOf = (folder: string, files: readonly string[]): Level | undefined => {
  const texts = files.map((name) => readRules(join(folder, name))).filter((text) => text !== undefined);
  if (texts.length === 0) return undefined;
  return { folder, rules: ignore({ ignorecase: false, allowRelativePaths: false }).add(texts.join("\n")) };
};

/** Levels of the folders above `root` up to the top of its git work tree; none when it is in no work tree. */
const levelsAbove = (root: string): Level[] => {
  if (existsSync(join(root, ".git"))) return [];
  const levels: Level[] = [];
  for (let folder = dirname(root); ; folder = dirname(folder)) {
    const level = levelOf(folder, [".gitignore"]);
    if (level) levels.unshift(level);
    if (existsSync(join(folder, ".git"))) return levels;
    if (folder === dirname(folder)) return [];
  }
};

/** What one level says of a path: an answer that only comes from the path's folder is none, for the walk was already there. */
const opinion = ({ folder, rules }: Level, path: string, isFolder: boolean): "in" | "out" | undefined => {
  const inside = relative(folder, path);
  const result = rules.test(isFolder ? `${inside}/` : inside);
  if (result.unignored) return "in";
  if (!result.ignored) return undefined;
  const parent = dirname(inside);
  return parent !== "." && rules.test(`${parent}/`).ignored ? undefined : "out";
};

export interface IgnoreRules {
  /** Whether the walk leaves out `path` (absolute). */
  leavesOut(path: string, name: string, isFolder: boolean): boolean;
  /** The rules inside `folder`, for which its own ignore files are read. */
  within(folder: string): IgnoreRules;
}

const rulesOf = (levels: readonly Level[]): IgnoreRules => ({
  leavesOut(path, name, isFolder) {
    if (never.has(name)) return true;
    for (let index = levels.length - 1; index >= 0; index -= 1) {
      const said = opinion(levels[index] as Level, path, isFolder);
      if (said !== undefined) return said === "out";
    }
    return false;
  },
  within(folder) {
    const level = levelOf(folder, [".gitignore", ".slipignore"]);
    return level ? rulesOf([...levels, level]) : this;
  },
});

/**
 * The rules for a walk that starts at `root` (absolute, real). Rules above it count too, as they do for git, unless they
 * leave out `root` itself: then the user has asked for it by name.
 */
export const ignoreRules = (root: string): IgnoreRules => {
  const above = levelsAbove(root);
  const asked = above.length > 0 && above.some(({ folder, rules }) => rules.test(`${relative(folder, root)}/`).ignored);
  const base = { folder: root, rules: ignore({ ignorecase: false }).add(usual) };
  return rulesOf([base, ...(asked ? [] : above)]);
};
