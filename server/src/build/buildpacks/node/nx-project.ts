// Projects of an integrated repository of nx: folders without a package.json, whose packages are those of the top, and which nx builds to where they say.
import { posix } from "node:path";
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { BuildPlan, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { z } from "zod";
import { below, type Preparing, within } from "../folder.ts";
import { packageSteps } from "./node.ts";
import { hasNx, jsonOf } from "./nx.ts";
import { type PackageFile, readPackageFile } from "./package-file.ts";
import { lockFileNames } from "./package-manager.ts";
import { frameworksOf, joined, versionFiles } from "./package-of-workspace.ts";

const Target = z.object({
  executor: z.string().default(""),
  options: z.object({ outputPath: z.union([z.string(), z.object({ base: z.string() }).transform(({ base }) => base)]).optional() }).default({}),
});
type Target = z.infer<typeof Target>;
const Project = z.object({ name: z.string().optional(), targets: z.record(z.string(), Target).default({}) });

export const isNxProject = (tree: SourceTree, folder: string): boolean =>
  tree.paths.includes(`${folder}/project.json`) && !tree.paths.includes(`${folder}/package.json`) && hasNx(tree);

const projectOf = (own: SourceTree): z.infer<typeof Project> => jsonOf(own, "project.json", Project) ?? { targets: {} };

/** Settings of the tools that nx concludes a build from. */
const settings = /^(?:webpack|rspack|rsbuild|vite)\.config\.\w+$/;
const settingsText = (own: SourceTree): string => own.paths.flatMap((path) => (settings.test(path) ? [own.read(path) ?? ""] : [])).join("\n");

/** What makes programs of Node's: by the target itself, by how it is served, by what the settings say. */
const isServer = (own: SourceTree, { build, serve }: Record<string, Target | undefined>): boolean =>
  /^@nx\/js:node$|^@nrwl\/(?:js|node):node$/.test(serve?.executor ?? "") ||
  /^@(?:nx|nrwl)\/(?:esbuild|js|node):/.test(build?.executor ?? "") ||
  /\btarget\s*:\s*["']node/.test(settingsText(own));

/** The folder that it is built to, from its own. */
const outputOf = (own: SourceTree, folder: string, build: Target | undefined): string => {
  const said = build?.options.outputPath?.replace("{workspaceRoot}/", "").replace("{projectRoot}", folder);
  if (said !== undefined) return posix.relative(folder, /:application$/.test(build?.executor ?? "") ? posix.join(said, "browser") : said);
  const text = settingsText(own);
  const found =
    /\bpath\s*:\s*(?:path\.)?(?:join|resolve)\(\s*__dirname\s*,\s*["'`]([\w./-]+)/.exec(text)?.[1] ?? /\boutDir\s*:\s*["'`]([\w./-]+)/.exec(text)?.[1];
  return posix.normalize(found ?? "dist");
};

/** Frameworks that start, or are served, where they were built. */
const ofThemselves: readonly string[] = ["next", "nuxt", "astro"];

const namesOf = (own: SourceTree, above: PackageFile): Record<string, string> => {
  const found = frameworksOf(own, above);
  // Pages of whichever tool find their way in the browser, as those of Vite do.
  return ofThemselves.some((name) => name in found) || isServer(own, projectOf(own).targets) ? found : { vite: "*" };
};

/** The folder, with a package.json that says what the top says for it. */
export const nxProjectView = (tree: SourceTree, folder: string): SourceTree => {
  const own = below(tree, folder);
  const above = readPackageFile(tree);
  const taken = tree.paths.filter((path) => [...versionFiles, ...lockFileNames].includes(path));
  const { packageManager, devEngines, engines } = above;
  const file = { name: posix.basename(folder), packageManager, devEngines, engines, devDependencies: namesOf(own, above) };
  return {
    paths: [...own.paths, ...taken, "package.json"],
    read(path) {
      if (path === "package.json") return JSON.stringify(file);
      return taken.includes(path) ? tree.read(path) : own.read(path);
    },
  };
};

/** With the build that nx makes of it, and what comes of that; slip.toml stands over each. */
export const withNxBuild = (tree: SourceTree, config: AppConfig, folder: string): AppConfig => {
  const own = below(tree, folder);
  const { name = posix.basename(folder), targets } = projectOf(own);
  const build = { command: ["nx", "build", name], ...config.build };
  const isOfItself = ofThemselves.some((each) => each in namesOf(own, readPackageFile(tree)));
  if (isOfItself || config.build?.output !== undefined || config.run?.command !== undefined) return { ...config, build };
  const output = outputOf(own, folder, targets.build);
  if (isServer(own, targets)) return { ...config, build, run: { ...config.run, command: ["node", `${output}/main.js`] } };
  return { ...config, build: { ...build, output } };
};

/** All packages are the top's. */
export const prepareByNx = (tree: SourceTree, { build }: AppConfig, folder: string, { tools, install }: BuildPlan): Preparing => {
  const all = packageSteps(tree, readPackageFile(tree), {});
  return { tools: joined(all.tools, tools), install: build?.install !== undefined && install ? within(folder, install) : all.install };
};
