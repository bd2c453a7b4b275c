// What is in the box, in the order in which it is asked.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan, Buildpack, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { functions } from "./function/function.ts";
import { node } from "./node/node.ts";
import { notStarted } from "./procfile.ts";
import { python } from "./python/python.ts";
import { staticSite } from "./static/static.ts";

const buildpacks: readonly Buildpack[] = [functions, node, python, staticSite];

/** Files that say what a source is, where no buildpack is for it. */
const others: readonly (readonly [string, string])[] = [
  ["go.mod", "Go"],
  ["Cargo.toml", "Rust"],
  ["Gemfile", "Ruby"],
  ["composer.json", "PHP"],
  ["pom.xml", "Java"],
  ["build.gradle", "Java"],
  ["mix.exs", "Elixir"],
  ["Dockerfile", "a Dockerfile"],
];

/** Folders of the first two levels that would be an app by themselves. */
const appsBelow = (tree: SourceTree, config: AppConfig): string[] => {
  const folders = tree.paths.flatMap(
    (path) =>
      /^([\w.-]+(?:\/[\w.-]+)?)\/(?:package\.json|wrangler\.(?:toml|jsonc?)|(?:index|worker|function)\.(?:m?[jt]s|[jt]sx)|requirements\.txt|pyproject\.toml|index\.html)$/.exec(
        path,
      )?.[1] ?? [],
  );
  const below = (folder: string): SourceTree => ({
    paths: tree.paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
    read: (path) => tree.read(`${folder}/${path}`),
  });
  return [...new Set(folders)].filter((folder) => buildpacks.some((buildpack) => buildpack.detect(below(folder), config) !== undefined));
};

/** Pages at the top, of which none is the first. */
const pages = (tree: SourceTree): string[] => tree.paths.filter((path) => /^[^/]+\.html?$/.test(path));

const withoutIndex = ([page]: string[]): SlipError =>
  new SlipError("no_buildpack", undefined, {
    cause: `There are pages, such as ${page}, and none is index.html.`,
    next: ["Name the first page index.html.", 'Set [build] buildpack = "static" in slip.toml, to serve the folder as it is.'],
  });

const unknown = (tree: SourceTree, config: AppConfig): SlipError => {
  const folders = appsBelow(tree, config).slice(0, 3);
  const kind = others.find(([file]) => tree.paths.includes(file))?.[1];
  if (kind === undefined && folders.length === 0 && pages(tree).length > 0) return withoutIndex(pages(tree));
  const cause =
    kind === undefined
      ? folders.length === 0
        ? undefined
        : `There is an app in ${folders.join(", ")}, below the top.`
      : `The source is ${kind}, which has no buildpack.`;
  const usual = "Add a package.json, an index.html, a requirements.txt or pyproject.toml at the top of the source.";
  const next = [...folders.map((folder) => `Deploy the folder alone: 'slip deploy SOURCE --subfolder ${folder}'.`), usual];
  return new SlipError("no_buildpack", undefined, { next, ...(cause === undefined ? {} : { cause }) });
};

/** The plan of the buildpack that slip.toml names or that fits the tree. Throws `no_buildpack`, or what the buildpack throws. */
export const planOf = (tree: SourceTree, config: AppConfig): BuildPlan => {
  const named = config.build?.buildpack;
  const found = buildpacks.find((buildpack) => (named === undefined ? buildpack.detect(tree, config) !== undefined : buildpack.name === named));
  if (!found) throw unknown(tree, config);
  const plan = found.plan(tree, config);
  const notes = [...(plan.notes ?? []), ...notStarted(tree)];
  return notes.length === 0 ? plan : { ...plan, notes };
};
