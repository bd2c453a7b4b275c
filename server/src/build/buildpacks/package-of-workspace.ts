// A package of a workspace as an app: what it needs is made at the top, and it is built and started in its own folder, as if that were all there is.
import { posix } from "node:path";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { isNxProject, nxProjectView, prepareByNx } from "./node/nx-project.ts";
import { builderEnvironment, packageView, prepareWithAll } from "./node/package-of-workspace.ts";
import { isOfUv, prepareByUv, uvPackageView } from "./python/package-of-workspace.ts";

/**
 * The tree that is the app's: that of the package which slip.toml or the deployment names, else all of it. Throws `invalid_config` where there is no
 * such package.
 */
export const treeOfApp = (tree: SourceTree, { build }: AppConfig): SourceTree => {
  const folder = build?.package;
  if (folder === undefined) return tree;
  if (isOfUv(tree, folder)) return uvPackageView(tree, folder);
  if (tree.paths.includes(`${folder}/package.json`)) return packageView(tree, folder);
  if (isNxProject(tree, folder)) return nxProjectView(tree, folder);
  throw new SlipError("invalid_config", `build.package: there is no ${folder}/package.json.`, { next: "Name the folder of a package of the workspace." });
};

/** Python looks for modules where this says, which is in the folder too. */
const environmentIn = (folder: string, env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [name, name === "PYTHONPATH" ? value.replace(/^\/app\//, `/app/${folder}/`) : value]));

const processIn = (folder: string, { env, ...process }: BuildPlan["process"]): BuildPlan["process"] => ({
  ...process,
  env: environmentIn(folder, env),
  folder,
});

const preparing = (tree: SourceTree, folder: string): typeof prepareWithAll => {
  if (isOfUv(tree, folder)) return prepareByUv;
  return isNxProject(tree, folder) ? prepareByNx : prepareWithAll;
};

/** The plan of the whole tree, made of that of the package alone. */
export const planInWorkspace = (tree: SourceTree, config: AppConfig, plan: BuildPlan): BuildPlan => {
  const folder = config.build?.package;
  if (folder === undefined) return plan;
  const { build, bundle, output, process, notes = [] } = plan;
  const prepare = preparing(tree, folder);
  return {
    ...plan,
    notes: [`The app is the package in ${folder}; the source is all that is around it.`, ...notes],
    ...prepare(tree, config, folder, plan),
    build: build && { ...build, env: { ...builderEnvironment, ...build.env }, folder },
    ...(bundle === undefined ? {} : { bundle: { ...bundle, folder } }),
    output: output?.map((path) => posix.join(folder, path)),
    // What a build has made is all that there is then, and is at the top.
    process: output === undefined ? processIn(folder, process) : process,
  };
};
