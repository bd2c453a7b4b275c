// A package of a workspace of Node: it is installed with all others at the top, and what it needs of them is built before it.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan, BuildStep, SourceTree, Toolchain } from "@slipstream/contract/ports/buildpack.ts";
import { workspaceOf } from "@slipstream/contract/workspace.ts";
import { below, errorIn, type Preparing, within } from "../folder.ts";
import { buildEnvironment, buildScripts, packageSteps } from "./node.ts";
import { nxBuild, nxEnvironment } from "./nx.ts";
import { type PackageFile, parsePackageFile, readPackageFile } from "./package-file.ts";
import { lockFileNames, packageManagerOf } from "./package-manager.ts";
import { turboBuilds, turboEnvironment } from "./turbo.ts";
import { isWorkspace, type Member, membersOf, packagesBelow } from "./workspace-packages.ts";

export const versionFiles: readonly string[] = [".nvmrc", ".node-version"];

/** Frameworks that many have at the top alone, and the files by which a package shows that it is made with one. */
const frameworkFiles: readonly (readonly [packages: readonly string[], files: readonly RegExp[]])[] = [
  [["vite"], [/^vite\.config\.\w+$/, /^index\.html$/]],
  [["next"], [/^next\.config\.\w+$/]],
  [["astro", "@astrojs/node"], [/^astro\.config\.\w+$/]],
  [["nuxt"], [/^nuxt\.config\.\w+$/]],
];

export const frameworksOf = (own: SourceTree, { dependencies, devDependencies }: PackageFile): Record<string, string> => {
  const names = frameworkFiles.filter(([, files]) => files.every((file) => own.paths.some((path) => file.test(path)))).flatMap(([packages]) => packages);
  return Object.fromEntries(Object.entries({ ...devDependencies, ...dependencies }).filter(([name]) => names.includes(name)));
};

/** What a package leaves to the one at the top. */
const inherited = (own: SourceTree, top: SourceTree): string | undefined => {
  const text = own.read("package.json");
  const above = parsePackageFile(top);
  const file = parsePackageFile(own);
  // Who reads it says what is wrong with it.
  if (text === undefined || above instanceof SlipError || file instanceof SlipError) return text;
  const { packageManager, devEngines, engines } = above;
  const frameworks = isOfWorkspace(top) ? frameworksOf(own, above) : {};
  const devDependencies = { ...frameworks, ...file.devDependencies };
  return JSON.stringify({ packageManager, devEngines, engines, ...(JSON.parse(text.replace(/^\uFEFF/, "")) as object), devDependencies });
};

/** Whether there is something at the top that installs all packages. */
const isOfWorkspace = (tree: SourceTree): boolean => {
  const top = parsePackageFile(tree);
  return !(top instanceof SlipError) && isWorkspace(tree, top);
};

/** The folder of a package with what it has of the top. */
export const packageView = (tree: SourceTree, folder: string): SourceTree => {
  const own = below(tree, folder);
  const there = new Set(own.paths);
  const ofAll = [...versionFiles, ...(isOfWorkspace(tree) ? lockFileNames : [])];
  const taken = tree.paths.filter((path) => ofAll.includes(path) && !there.has(path));
  const isTaken = new Set(taken);
  return {
    paths: [...own.paths, ...taken],
    read(path) {
      if (path === "package.json") return inherited(own, tree);
      return isTaken.has(path) ? tree.read(path) : own.read(path);
    },
  };
};

/** Package managers do not say which of all files it is that they cannot read. Those that are no packages of it may be anything. */
const refuseUnreadable = (tree: SourceTree): void => {
  for (const { folder, file } of packagesBelow(tree))
    if (file instanceof SlipError && workspaceOf(folder, tree.read)?.workspace === "") throw errorIn(folder, file);
};

/** The packages that one needs, each after those that it needs itself. */
const neededBy = (all: readonly Member[], file: PackageFile): Member[] => {
  const members = new Map(all.map((member) => [member.file.name, member]));
  const found = new Map<string, Member>();
  const visited = new Set<string>();
  const visit = ({ dependencies, devDependencies, optionalDependencies }: PackageFile): void => {
    for (const name of Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
      const member = members.get(name);
      if (member === undefined || visited.has(name)) continue;
      visited.add(name);
      visit(member.file);
      found.set(name, member);
    }
  };
  visit(file);
  return [...found.values()];
};

/** Of tools that build several packages. */
export const builderEnvironment: Readonly<Record<string, string>> = { ...nxEnvironment, ...turboEnvironment };

const beforeWith = (command: string[], env: BuildStep["env"]): BuildStep => ({ name: command.join(" "), command, env, failure: "build_failed" });

const buildsBefore = (tree: SourceTree, folder: string, file: PackageFile): BuildStep[] => {
  const manager = packageManagerOf(tree, readPackageFile(tree));
  const { name } = manager.toolchain;
  const environment = (of: PackageFile): BuildStep["env"] => ({ ...buildEnvironment(of, manager), ...builderEnvironment });
  const needed = neededBy(membersOf(tree), file).filter((each) => each.folder !== folder);
  const turbo = needed.length === 0 ? undefined : turboBuilds(tree, file);
  if (turbo !== undefined) return buildsItself(file) ? [] : [beforeWith(turbo.needed, environment(file))];
  const nx = nxBuild(
    tree,
    needed.map((each) => each.folder),
  );
  const scripts = needed
    .filter((each) => "build" in each.file.scripts)
    .map(
      (each): BuildStep => ({
        ...beforeWith([name, "run", "build"], environment(each.file)),
        name: `${name} run build in ${each.folder}`,
        folder: each.folder,
      }),
    );
  return nx === undefined ? scripts : [beforeWith(nx, environment(file)), ...scripts];
};

/** Whether its build script, and no other, is what builds it. */
const buildsItself = ({ scripts }: PackageFile): boolean => buildScripts.find((name) => name in scripts) === "build";

const builderCommand = (tree: SourceTree, folder: string): string[] | undefined => {
  const file = parsePackageFile(below(tree, folder));
  if (file instanceof SlipError) return undefined;
  return buildsItself(file) ? turboBuilds(tree, file)?.itself : nxBuild(tree, [folder]);
};

/** With the build that only a tool at the top knows. */
export const withBuilder = (tree: SourceTree, config: AppConfig): AppConfig => {
  const folder = config.build?.package;
  const command = folder === undefined || config.build?.command !== undefined ? undefined : builderCommand(tree, folder);
  return command === undefined ? config : { ...config, build: { ...config.build, command } };
};

/** Each once; the package's own stand over those of the top. */
export const joined = (...all: readonly (readonly Toolchain[])[]): Toolchain[] => [...new Map(all.flat().map((tool) => [tool.name, tool])).values()];

/** What goes before the package's own build. */
export const prepareWithAll = (tree: SourceTree, config: AppConfig, folder: string, plan: BuildPlan): Preparing => {
  const { tools } = plan;
  const own = plan.install && within(folder, plan.install);
  if (!isOfWorkspace(tree)) return { tools, install: own };
  refuseUnreadable(tree);
  const all = packageSteps(tree, readPackageFile(tree), {});
  const install = config.build?.install === undefined ? all.install : own;
  return { tools: joined(all.tools, tools), install, before: buildsBefore(tree, folder, readPackageFile(packageView(tree, folder))) };
};
