// What is in the box, in the order in which it is asked.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan, Buildpack, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { errorIn } from "./folder.ts";
import { functions } from "./function/function.ts";
import { unrunFunctions } from "./functions-of-hosts.ts";
import { largeFilePointers } from "./large-files.ts";
import { node } from "./node/node.ts";
import { nxProject } from "./node/nx.ts";
import { isNxProject, withNxBuild } from "./node/nx-project.ts";
import { withBuilder } from "./node/package-of-workspace.ts";
import { plugAndPlayFiles } from "./node/plug-and-play.ts";
import { singleFile } from "./node/single-file.ts";
import { applicationOf, languageOf, otherLanguage } from "./other-languages.ts";
import { planInWorkspace, treeOfApp } from "./package-of-workspace.ts";
import { portOf } from "./port.ts";
import { notStarted } from "./procfile.ts";
import { python } from "./python/python.ts";
import { staticSite } from "./static/static.ts";

const buildpacks: readonly Buildpack[] = [functions, node, python, singleFile, staticSite];

/** Folders of the first two levels that would be an app by themselves. */
const appsBelow = (tree: SourceTree, config: AppConfig): string[] => {
  const folders = tree.paths.flatMap(
    (path) =>
      /^([\w.-]+(?:\/[\w.-]+)?)\/(?:package\.json|wrangler\.(?:toml|jsonc?)|(?:index|worker|function|server|app|main)\.(?:[cm]?[jt]s|[jt]sx|py)|requirements\.txt|pyproject\.toml|index\.html)$/.exec(
        path,
      )?.[1] ?? [],
  );
  const below = (folder: string): SourceTree => ({
    paths: tree.paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
    read: (path) => tree.read(`${folder}/${path}`),
  });
  const apps = [...new Set(folders)].filter((folder) => buildpacks.some((buildpack) => buildpack.detect(below(folder), config) !== undefined));
  return apps.filter((folder) => !apps.some((other) => folder.startsWith(`${other}/`)));
};

/** Pages at the top, of which none is the first. */
const pages = (tree: SourceTree): string[] => tree.paths.filter((path) => /^[^/]+\.html?$/.test(path));

const withoutIndex = ([page]: string[]): SlipError =>
  new SlipError("no_buildpack", undefined, {
    cause: `There are pages, such as ${page}, and none is index.html.`,
    next: ["Name the first page index.html.", 'Set [build] buildpack = "static" in slip.toml, to serve the folder as it is.'],
  });

const unknown = (tree: SourceTree, config: AppConfig): SlipError => {
  const project = nxProject(tree);
  if (project !== undefined) return project;
  const folders = appsBelow(tree, config).slice(0, 3);
  const alone = folders.map((folder) => `Deploy the folder alone: 'slip deploy SOURCE --subfolder ${folder}'.`);
  const language = languageOf(tree);
  if (language !== undefined) return otherLanguage(language, alone);
  if (folders.length === 0 && pages(tree).length > 0) return withoutIndex(pages(tree));
  const cause = folders.length === 0 ? undefined : `There is an app in ${folders.join(", ")}, below the top.`;
  const usual = "Add a package.json, an index.html, a requirements.txt or pyproject.toml at the top of the source.";
  return new SlipError("no_buildpack", undefined, { next: [...alone, usual], ...(cause === undefined ? {} : { cause }) });
};

const planOfApp = (tree: SourceTree, config: AppConfig): BuildPlan => {
  const named = config.build?.buildpack;
  const found = buildpacks.find((buildpack) => (named === undefined ? buildpack.detect(tree, config) !== undefined : buildpack.name === named));
  if (!found) throw unknown(tree, config);
  const application = named === undefined && config.run?.command === undefined ? applicationOf(tree) : undefined;
  if (application) throw otherLanguage(application);
  const plan = found.plan(tree, config);
  const notes = [...(plan.notes ?? []), ...notStarted(tree), ...largeFilePointers(tree), ...unrunFunctions(tree, plan)];
  return notes.length === 0 ? plan : { ...plan, notes };
};

const planOfPackage = (tree: SourceTree, config: AppConfig, folder: string): BuildPlan => {
  const own = treeOfApp(tree, config);
  try {
    return planOfApp(own, isNxProject(tree, folder) ? withNxBuild(tree, config, folder) : withBuilder(tree, config));
  } catch (error) {
    throw error instanceof SlipError ? errorIn(folder, error) : error;
  }
};

/**
 * The plan of the buildpack that slip.toml names or that fits the tree, or the package that is the app. Throws `no_buildpack`, `invalid_config` where
 * there is no such package, or what the buildpack throws.
 */
export const planOf = (tree: SourceTree, config: AppConfig): BuildPlan => {
  const folder = config.build?.package;
  const plan = folder === undefined ? planOfApp(tree, config) : planInWorkspace(tree, config, planOfPackage(tree, config, folder));
  const omits = plugAndPlayFiles(tree);
  return omits.length === 0 ? plan : { ...plan, omits };
};

/** With the port of the plan, where slip.toml says none: what runs of a release goes by its configuration. */
export const withPort = (tree: SourceTree, config: AppConfig): AppConfig => {
  if (config.run?.port !== undefined) return config;
  try {
    const { port } = planOf(tree, config).process;
    return port === portOf(config) ? config : { ...config, run: { ...config.run, port } };
  } catch (error) {
    // The build refuses it for the same reason, in its own phase.
    if (error instanceof SlipError) return config;
    throw error;
  }
};
