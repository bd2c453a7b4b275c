// Workspaces of packages, of Node, of uv and of nx: which folders below a package belong to it. For who sends such a folder, and for who fetches it.
import { posix } from "node:path";

/** More of them in one pattern would take long to try, and nobody writes them. */
const deepMax = 2;

/** Whether a part of a path is what a part of a pattern says, in which '*' is any text. */
const fitsPart = (pattern: string, part: string): boolean => {
  const [head = "", ...others] = pattern.split("*");
  const tail = others.pop();
  if (tail === undefined) return pattern === part;
  if (part.length < head.length + tail.length || !part.startsWith(head) || !part.endsWith(tail)) return false;
  let rest = part.slice(head.length, part.length - tail.length);
  for (const text of others) {
    const at = rest.indexOf(text);
    if (at < 0) return false;
    rest = rest.slice(at + text.length);
  }
  return true;
};

const fits = ([first, ...others]: readonly string[], path: readonly string[]): boolean => {
  const [part, ...deeper] = path;
  if (first === undefined) return part === undefined;
  if (first === "**") return fits(others, path) || (part !== undefined && fits([first, ...others], deeper));
  return part !== undefined && fitsPart(first, part) && fits(others, deeper);
};

/** Whether a folder is one that these patterns name: parts of "*", "**" for any folders between, "!" before those that are none. Pure. */
export const isNamed = (patterns: readonly string[], folder: string): boolean => {
  const path = folder.split("/");
  const isOf = (pattern: string): boolean => {
    const parts = posix.normalize(pattern).replace(/\/+$/, "").split("/");
    return parts.filter((part) => part === "**").length <= deepMax && fits(parts, path);
  };
  return (
    patterns.some((pattern) => !pattern.startsWith("!") && isOf(pattern)) && !patterns.some((pattern) => pattern.startsWith("!") && isOf(pattern.slice(1)))
  );
};

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === "string") : []);

const packagePatterns = (text: string): string[] => {
  try {
    const { workspaces } = JSON.parse(text.replace(/^\uFEFF/, "")) as { workspaces?: unknown };
    return strings(Array.isArray(workspaces) ? workspaces : (workspaces as { packages?: unknown } | undefined)?.packages);
  } catch {
    // Whoever builds it says what is wrong with it.
    return [];
  }
};

const unquoted = (text: string): string =>
  /^\s*(?:'([^']*)'|"([^"]*)"|([^\s#,]+))/
    .exec(text)
    ?.slice(1)
    .find((one) => one !== undefined) ?? "";

/** `packages` of a pnpm-workspace.yaml, which is a list of plain texts. */
const pnpmPatterns = (text: string): string[] => {
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => line.startsWith("packages:"));
  if (at < 0) return [];
  const inLine = /^packages:\s*\[([^\]]*)\]/.exec(lines[at] ?? "")?.[1];
  if (inLine !== undefined) return inLine.split(",").map(unquoted).filter(Boolean);
  const below = lines.slice(at + 1);
  const end = below.findIndex((line) => !/^\s*(-.*|#.*)?$/.test(line));
  return below.slice(0, end < 0 ? below.length : end).flatMap((line) => unquoted(/^\s*-(.*)$/.exec(line)?.[1] ?? "") || []);
};

const tomlTable = (text: string, name: string): string | undefined => {
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => line.replace(/\s|#.*/g, "") === `[${name}]`);
  if (at < 0) return undefined;
  const below = lines.slice(at + 1).map((line) => line.replace(/#.*/, ""));
  const end = below.findIndex((line) => /^\s*\[\[?[\w."-]+\]/.test(line));
  return below.slice(0, end < 0 ? below.length : end).join("\n");
};

const tomlTexts = (table: string, key: string): string[] => {
  const list = new RegExp(`(?:^|[{,\\s])${key}\\s*=\\s*\\[([^\\]]*)\\]`).exec(table)?.[1] ?? "";
  return [...list.matchAll(/"([^"]*)"|'([^']*)'/g)].map(([, double, single]) => double ?? single ?? "");
};

/** `members` without `exclude` of the workspace that a pyproject.toml says, as patterns. */
export const uvPatterns = (text: string): string[] => {
  const table = tomlTable(text, "tool.uv.workspace") ?? /^workspace\s*=\s*(\{[^}]*\})/m.exec(tomlTable(text, "tool.uv") ?? "")?.[1];
  return table === undefined ? [] : [...tomlTexts(table, "members"), ...tomlTexts(table, "exclude").map((pattern) => `!${pattern}`)];
};

/** What makes a folder a package, and who at the top says which folders are packages of its workspace. */
const kinds: readonly { mark: string; patterns: readonly (readonly [file: string, read: (text: string) => string[]])[] }[] = [
  {
    mark: "package.json",
    patterns: [
      ["package.json", packagePatterns],
      ["pnpm-workspace.yaml", pnpmPatterns],
    ],
  },
  { mark: "pyproject.toml", patterns: [["pyproject.toml", uvPatterns]] },
  // nx looks for its projects everywhere, and names them nowhere.
  { mark: "project.json", patterns: [["nx.json", (text) => (text === "" ? [] : ["**"])]] },
];

export interface PackageOfWorkspace {
  /** The folder that has all packages; "" = the top. */
  workspace: string;
  /** That of the package, from there. */
  package: string;
}

/**
 * The workspace that a folder is a package of, the nearest above it: npm's, yarn's and bun's, by package.json, pnpm's, uv's, by pyproject.toml, or nx's.
 * Undefined where it is none. `read` gives the text of a file, by its path from the top. Pure but for that.
 */
export const workspaceOf = (folder: string, read: (path: string) => string | undefined): PackageOfWorkspace | undefined => {
  // One that is of both is an app of Node.
  const kind = folder === "" ? undefined : kinds.find(({ mark }) => read(posix.join(folder, mark)) !== undefined);
  if (kind === undefined) return undefined;
  const parts = folder.split("/");
  for (let above = parts.length - 1; above >= 0; above -= 1) {
    const workspace = parts.slice(0, above).join("/");
    const patterns = kind.patterns.flatMap(([file, patternsOf]) => patternsOf(read(posix.join(workspace, file)) ?? ""));
    const below = parts.slice(above).join("/");
    if (isNamed(patterns, below)) return { workspace, package: below };
  }
  return undefined;
};
