// Node packages: with npm, pnpm, yarn or bun; servers and front-end builds.
import type { AppConfig, Command } from "@slipstream/contract/config.ts";
import type { BuildPlan, Buildpack, BuildStep, SourceTree, Toolchain } from "@slipstream/contract/ports/buildpack.ts";
import { names } from "#platform/command.ts";
import { toldPort } from "../port.ts";
import { webCommand } from "../procfile.ts";
import { siteProcess } from "../static/site.ts";
import { unknownHosts } from "./angular-hosts.ts";
import { type FrontEnd, frontEndBuild, frontEndFramework, frontEndOf } from "./front-end.ts";
import { installOf } from "./install.ts";
import { noStart } from "./no-start.ts";
import { notInstalled } from "./not-installed.ts";
import { otherDevice } from "./other-device.ts";
import { dependsOn, type PackageFile, readPackageFile } from "./package-file.ts";
import { isYarn1, type PackageManager, packageManagerOf } from "./package-manager.ts";
import { serverVariables } from "./server-variables.ts";
import { declaredStart, impliedStart } from "./start.ts";
import { startScriptOf } from "./start-script.ts";
import { nodeVersion, npmVersion } from "./version.ts";
import { buildOfMembers, onlyStart } from "./workspace-packages.ts";

const entryFiles = /^(server|index|app|main)\.(js|mjs|cjs)$/;

/** The first that a package has: what is for a place to be deployed to stands over what is for everybody. */
export const buildScripts: readonly string[] = ["heroku-postbuild", "vercel-build", "build"];

/** A build that installs the packages of a folder needs those for development too, as the install step does, which has no NODE_ENV. */
const completeInstalls = { npm_config_include: "dev" };
/** Later releases of yarn refuse to run with it. */
const completeInYarn1 = { YARN_PRODUCTION: "false" };

/** It looks in the environment for where it is, and makes a server of Node's where it believes to be in Google's buildpacks. */
const adaptsItself = "@sveltejs/adapter-auto";
const nodeAdapter = { GCP_BUILDPACKS: "true" };

/** Names of it where there is no server and no other build: of documentation, that is the site. */
const siteScripts: readonly string[] = ["docs:build", "build:docs", "site:build", "build:site", "build-storybook"];

const buildScript = ({ scripts }: PackageFile, { toolchain }: PackageManager, start: string | undefined): string[] | undefined => {
  const script = [...buildScripts, ...(start === undefined ? siteScripts : [])].find((name) => scripts[name] !== undefined);
  return script === undefined ? undefined : [toolchain.name, "run", script];
};

/** What the build script and the beginning of the start script make, each once. */
const usualBuild = (tree: SourceTree, file: PackageFile, manager: PackageManager, config: AppConfig): Command | undefined => {
  const { builds, start } = startScriptOf(file);
  const own = buildScript(file, manager, start);
  const others = config.run?.command === undefined && webCommand(tree) === undefined ? builds.filter((part) => !/ build$/.test(part) || own === undefined) : [];
  if (others.length > 0) return [...(own === undefined ? [] : [own.join(" ")]), ...others].join(" && ");
  return own ?? frontEndBuild(file, start) ?? buildOfMembers(tree, file, manager);
};

export const buildEnvironment = (file: PackageFile, manager: PackageManager): Record<string, string> => ({
  ...manager.env,
  ...completeInstalls,
  ...(isYarn1(manager) ? completeInYarn1 : {}),
  NODE_ENV: "production",
  ...(dependsOn(file, adaptsItself) ? nodeAdapter : {}),
});

const buildOf = (tree: SourceTree, file: PackageFile, manager: PackageManager, config: AppConfig): BuildStep | undefined => {
  const command = config.build?.command ?? usualBuild(tree, file, manager, config);
  if (command === undefined) return undefined;
  return { name: typeof command === "string" ? command : command.join(" "), command, env: buildEnvironment(file, manager), failure: "build_failed" };
};

/** The npm that the package asks for, else the one of its Node. */
const npmFor = ({ version }: Toolchain, { toolchain }: PackageManager): Toolchain =>
  toolchain.name === "npm" && toolchain.version !== "default" ? toolchain : { name: "npm", version: npmVersion(version) };

const git: Toolchain = { name: "git", version: "default" };
const gitVersion = /^(git[+:@]|git\+ssh:|github:|gitlab:|bitbucket:|[\w.-]+\/[\w.-]+(#|$))|\.git(#|$)/;

/** Whether a dependency comes from a repository: by itself, or through another. */
const needsGit = (tree: SourceTree, file: PackageFile, { lockFile }: PackageManager): boolean =>
  [file.dependencies, file.devDependencies, file.optionalDependencies].some((all) => Object.values(all).some((version) => gitVersion.test(version))) ||
  (lockFile !== undefined && /git\+(ssh|https):|type: git\b|\.git#/.test(tree.read(lockFile) ?? ""));

/** Package managers are in the artifact only when the start command runs one. */
const runtimeTools = (command: Command, node: Toolchain, manager: PackageManager): Toolchain[] => {
  const tools: Toolchain[] = [];
  if (names(command, "npm") || names(command, "npx")) tools.push(npmFor(node, manager));
  const others = (["pnpm", "yarn", "bun"] as const).filter((name) => names(command, name) || (name === "bun" && names(command, "bunx")));
  return [...tools, ...others.map((name) => (name === manager.toolchain.name ? manager.toolchain : { name, version: "default" }))];
};

const site = (config: AppConfig, frontEnd: FrontEnd): Pick<BuildPlan, "output" | "process" | "runtime"> => ({
  ...siteProcess(config, frontEnd.fallback),
  output: config.build?.output === undefined ? frontEnd.folders : [config.build.output],
});

const server = (command: Command, node: Toolchain, manager: PackageManager, config: AppConfig): Pick<BuildPlan, "output" | "runtime"> => ({
  runtime: [node, ...runtimeTools(command, node, manager)],
  output: config.build?.output === undefined ? undefined : [config.build.output],
});

interface Package {
  tree: SourceTree;
  file: PackageFile;
  config: AppConfig;
}

const serverProcess = ({ tree, file, config }: Package, command: Command): Pick<BuildPlan, "process" | "notes"> => {
  const { port, notes = [] } = toldPort(tree, config, command);
  const all = [...notes, ...unknownHosts(tree, file, config), ...notInstalled(tree, file)];
  return { ...(all.length === 0 ? {} : { notes: all }), process: { command, env: serverVariables(file), port } };
};

/** A file of this name that the first page loads is for browsers. */
const isServer = (tree: SourceTree, path: string): boolean =>
  entryFiles.test(path) && !new RegExp(`\\bsrc\\s*=\\s*["']?\\.?/?${path.replace(".", "\\.")}\\b`).test(tree.read("index.html") ?? "");

const result = (tree: SourceTree, config: AppConfig, file: PackageFile, isBuilt: boolean): { command: Command } | FrontEnd => {
  const declared = declaredStart(tree, file, config);
  const device = config.run?.command === undefined && config.build?.output === undefined && webCommand(tree) === undefined ? otherDevice(file) : undefined;
  if (device) throw device;
  if (declared !== undefined) return { command: declared };
  const framework = frontEndFramework(file);
  const only = framework === undefined && config.build?.output === undefined ? onlyStart(tree, file) : undefined;
  if (only !== undefined) return { command: only };
  const frontEnd = isBuilt ? frontEndOf(tree, file) : undefined;
  const implied = impliedStart(tree, file, isBuilt);
  if (
    frontEnd &&
    (implied === undefined || config.build?.output !== undefined || framework?.ownsIndex === true || !tree.paths.some((path) => isServer(tree, path)))
  )
    return frontEnd;
  if (implied !== undefined) return { command: implied };
  throw noStart(tree, file);
};

/** What a package needs before its own code can run: the tools of a build, the install and the build script. */
export const packageSteps = (tree: SourceTree, file: PackageFile, config: AppConfig): Pick<BuildPlan, "tools" | "install" | "build"> => {
  const manager = packageManagerOf(tree, file);
  const runtime: Toolchain = { name: "node", version: nodeVersion(tree, file, process.version) };
  return {
    tools: [
      runtime,
      npmFor(runtime, manager),
      ...(manager.toolchain.name === "npm" ? [] : [manager.toolchain]),
      ...(needsGit(tree, file, manager) ? [git] : []),
    ],
    install: installOf(tree, file, manager, config),
    build: buildOf(tree, file, manager, config),
  };
};

export const nodePlan = (tree: SourceTree, config: AppConfig, file: PackageFile): BuildPlan => {
  const manager = packageManagerOf(tree, file);
  const runtime: Toolchain = { name: "node", version: nodeVersion(tree, file, process.version) };
  const steps = packageSteps(tree, file, config);
  const found = result(tree, config, file, steps.build !== undefined);
  if (!("command" in found)) return { buildpack: "node", ...site(config, found), ...steps };
  return { buildpack: "node", ...server(found.command, runtime, manager, config), ...serverProcess({ tree, file, config }, found.command), ...steps };
};

export const node: Buildpack = {
  name: "node",
  detect: (tree) => (tree.paths.includes("package.json") ? "package.json" : undefined),
  plan: (tree, config) => nodePlan(tree, config, readPackageFile(tree)),
};
