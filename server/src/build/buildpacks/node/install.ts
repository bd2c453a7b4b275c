// The install step of a Node package, and which files decide its result.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { InstallStep, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import type { PackageFile } from "./package-file.ts";
import type { PackageManager } from "./package-manager.ts";
import { isWorkspace, membersOf } from "./workspace-packages.ts";

/** Scripts of the package itself that an install runs: they may read any file. */
const ownScripts: readonly string[] = ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];

const decidingFile =
  /(^|\/)(package\.json|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|pnpm-workspace\.yaml|\.pnpmfile\.cjs|yarn\.lock|bun\.lockb?|bunfig\.toml|\.npmrc|\.yarnrc(\.yml)?)$|^\.yarn\/(releases|plugins|patches)\/|^patches\//;

const all = (file: PackageFile): Record<string, string> => ({ ...file.dependencies, ...file.devDependencies, ...file.optionalDependencies });
const isLocal = (version: string): boolean => /^(file|link|portal):|^\.{0,2}\//.test(version);

const runsScripts = ({ scripts }: PackageFile): boolean => ownScripts.some((name) => name in scripts);

/** Copied into what is installed: by pnpm, of packages of the workspace. */
const isInjected = ({ dependenciesMeta }: PackageFile): boolean => Object.values(dependenciesMeta).some(({ injected }) => injected === true);
const injectsAll = (tree: SourceTree): boolean =>
  ["pnpm-workspace.yaml", ".npmrc"].some((path) => /^\s*(?:injectWorkspacePackages|inject-workspace-packages)\s*[:=]\s*true/m.test(tree.read(path) ?? ""));

/** Whether an install reads more of a package than what decides it. */
const readsFiles = (file: PackageFile): boolean => runsScripts(file) || isInjected(file) || Object.values(all(file)).some(isLocal);

const inputsOf = (tree: SourceTree, file: PackageFile): InstallStep["inputs"] =>
  [file, ...(isWorkspace(tree, file) ? membersOf(tree).map((member) => member.file) : [])].some(readsFiles) || injectsAll(tree)
    ? "all"
    : tree.paths.filter((path) => decidingFile.test(path) && !path.includes("node_modules/"));

const hasNothing = (file: PackageFile): boolean => Object.keys(all(file)).length === 0 && file.workspaces === undefined && !runsScripts(file);

/** Undefined when there is nothing to install. */
export const installOf = (tree: SourceTree, file: PackageFile, manager: PackageManager, config: AppConfig): InstallStep | undefined => {
  const own = config.build?.install;
  if (own === undefined && hasNothing(file) && !tree.paths.includes("pnpm-workspace.yaml")) return undefined;
  const command = own ?? manager.install;
  return {
    name: typeof command === "string" ? command : command.join(" "),
    command,
    env: manager.env,
    failure: "install_failed",
    // A command of one's own may read anything.
    inputs: own === undefined ? inputsOf(tree, file) : "all",
  };
};
