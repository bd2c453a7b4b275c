// A start script that runs packages of folders which no workspace names: nobody has installed what those need.
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import type { PackageFile } from "./package-file.ts";
import { isWorkspace, membersOf } from "./workspace-packages.ts";

const folderIn = /(?:--prefix|--cwd|--dir|-C|\bcd)[\s=]+(?:\.\/)?([\w.-]+(?:\/[\w.-]+)*)/g;
const foldersOf = (script: string): string[] => [...script.matchAll(folderIn)].flatMap(([, folder]) => folder ?? []);

const calls = (name: string): RegExp => new RegExp(`(?:npm run|yarn(?: run)?|pnpm(?: run)?|npm:)\\s*${name.replace(/[^\w:-]/g, ".")}(?![\\w:-])`);

/** What scripts run, and others by their names. */
const wholeOf = (scripts: Readonly<Record<string, string>>, names: readonly string[]): string => {
  const reached = new Set(names);
  for (const name of reached) for (const other of Object.keys(scripts)) if (!reached.has(other) && calls(other).test(scripts[name] ?? "")) reached.add(other);
  return [...reached].map((name) => scripts[name] ?? "").join("\n");
};

/** Scripts that run before the app starts, and may install anything. */
const before: readonly string[] = ["preinstall", "install", "postinstall", "prepare", "heroku-postbuild", "vercel-build", "build"];

/** A line for whoever deploys it. */
export const notInstalled = (tree: SourceTree, file: PackageFile): string[] => {
  if (isWorkspace(tree, file) || file.scripts.start === undefined) return [];
  const installs = wholeOf(file.scripts, before);
  const folders = [...new Set(foldersOf(wholeOf(file.scripts, ["start"])))].filter((folder) => !installs.includes(folder));
  const lacking = membersOf(tree, (folder) => folders.includes(folder)).filter(({ file: { dependencies } }) => Object.keys(dependencies).length > 0);
  if (lacking.length === 0) return [];
  const [first = "", ...others] = lacking.map(({ folder }) => folder);
  const names = [first, ...others].join(", ");
  return [
    `The start script runs what is in ${names}, of which nothing is installed. Deploy each as an app: 'slip deploy SOURCE --subfolder ${first}'; or let a postinstall script run 'npm install --prefix ${first}'.`,
  ];
};
