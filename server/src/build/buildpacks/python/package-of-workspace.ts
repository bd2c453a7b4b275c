// A package of a workspace of uv: what it needs, of the registry and of the other packages, is installed at the top, by the lock file there.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { BuildPlan, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { isNamed, uvPatterns } from "@slipstream/contract/workspace.ts";
import { below, type Preparing, within } from "../folder.ts";
import { editableInputs } from "./editable.ts";
import { normalized, readPyproject } from "./project.ts";

/** One with a package.json is an app of Node, as it would be alone. */
export const isOfUv = (tree: SourceTree, folder: string): boolean =>
  tree.paths.includes(`${folder}/pyproject.toml`) &&
  !tree.paths.includes(`${folder}/package.json`) &&
  isNamed(uvPatterns(tree.read("pyproject.toml") ?? ""), folder);

interface Locked {
  text: string;
  needs: readonly string[];
}

/** What a lock file says of each package, without what is for development. */
const lockedPackages = (lock: string): Map<string, Locked> =>
  new Map(
    lock.split(/^(?=\[\[package\]\]$)/m).flatMap((text): [string, Locked][] => {
      const name = /^name = "([^"]+)"$/m.exec(text)?.[1];
      const [installed = ""] = text.split(/^\[package\.(?:dev-dependencies|metadata)/m);
      return name === undefined ? [] : [[name, { text, needs: [...installed.matchAll(/\{ name = "([^"]+)"/g)].flatMap(([, found]) => found ?? []) }]];
    }),
  );

/** As much of a workspace's lock file as is installed for one package. */
const lockOf = (lock: string, name: string): string => {
  const all = lockedPackages(lock);
  const found = new Map<string, string>();
  const visit = (each: string): void => {
    const locked = all.get(each);
    if (locked === undefined || found.has(each)) return;
    found.set(each, locked.text);
    for (const needed of locked.needs) visit(needed);
  };
  visit(name);
  return [...found.values()].join("");
};

/** The folder of a package, with what it has of the top. */
export const uvPackageView = (tree: SourceTree, folder: string): SourceTree => {
  const own = below(tree, folder);
  const taken = ["uv.lock", ".python-version"].filter((path) => tree.paths.includes(path) && !own.paths.includes(path));
  const read = (path: string): string | undefined => {
    if (!taken.includes(path)) return own.read(path);
    const text = tree.read(path);
    return path === "uv.lock" && text !== undefined ? lockOf(text, normalized(readPyproject(own)?.project?.name ?? "")) : text;
  };
  return { paths: [...own.paths, ...taken], read, workspace: "uv" };
};

/** uv finds the package by its name; a command of one's own is of its folder. */
export const prepareByUv = (tree: SourceTree, { build }: AppConfig, folder: string, { tools, install }: BuildPlan): Preparing => ({
  tools,
  install: install && (build?.install !== undefined ? within(folder, install) : { ...install, inputs: editableInputs(tree) }),
});
