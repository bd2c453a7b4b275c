// Which package manager installs, in which version, and how.
import type { SourceTree, Toolchain } from "@slipstream/contract/ports/buildpack.ts";
import semver from "semver";
import type { PackageFile } from "./package-file.ts";

export interface PackageManager {
  toolchain: Toolchain & { name: "npm" | "pnpm" | "yarn" | "bun" };
  install: string[];
  env: Record<string, string>;
  lockFile: string | undefined;
}
type Name = PackageManager["toolchain"]["name"];

const lockFiles: readonly (readonly [string, Name])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
];

export const lockFileNames: readonly string[] = lockFiles.map(([name]) => name);

const isName = (text: string): text is Name => ["npm", "pnpm", "yarn", "bun"].includes(text);

/** The field says "pnpm@9.1.0+sha512.…"; the newer one has a name and a range. */
const declared = ({ packageManager, devEngines }: PackageFile): { name: Name; version: string } | undefined => {
  const [, name = "", version] = /^(\w+)(?:@([0-9][^+]*))?/.exec(packageManager ?? "") ?? [];
  if (isName(name)) return { name, version: version ?? "default" };
  const wanted = devEngines.packageManager;
  if (wanted === undefined || !isName(wanted.name)) return undefined;
  const range = semver.validRange(wanted.version) === null ? undefined : wanted.version;
  // Of yarn there are two programs, which only the number tells apart.
  const exact = wanted.name === "yarn" && range !== undefined ? semver.minVersion(range)?.major.toString() : range;
  return { name: wanted.name, version: exact ?? "default" };
};

/** Lock files name their format; each format wants the release that writes it. */
const pnpmVersion = (lock: string): string => {
  const format = Number(/^lockfileVersion:\s*'?([0-9.]+)/m.exec(lock)?.[1] ?? 9);
  if (format < 6) return "7";
  return format < 9 ? "8" : "10";
};

const versionFor = (name: Name, lock: string | undefined): string => {
  if (name === "pnpm") return pnpmVersion(lock ?? "");
  if (name === "yarn") return lock === undefined || lock.includes("# yarn lockfile v1") ? "1" : "4";
  return "default";
};

/** Of yarn's two programs the older. */
const isFirst = (version: string): boolean => version.startsWith("1");
export const isYarn1 = ({ toolchain: { name, version } }: PackageManager): boolean => name === "yarn" && isFirst(version);

const installOf = (name: Name, locked: boolean, version: string): string[] => {
  if (name === "npm") return ["npm", locked ? "ci" : "install"];
  if (name === "pnpm") return ["pnpm", "install", locked ? "--frozen-lockfile" : "--no-frozen-lockfile"];
  if (name === "bun") return locked ? ["bun", "install", "--frozen-lockfile"] : ["bun", "install"];
  if (isFirst(version)) return ["yarn", "install", "--non-interactive", ...(locked ? ["--frozen-lockfile"] : [])];
  return ["yarn", "install", locked ? "--immutable" : "--no-immutable"];
};

/** From its release 11 on pnpm reads variables of its own name alone. */
const forPnpm = (settings: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).flatMap(([name, value]) => ["npm", "pnpm"].map((prefix) => [`${prefix}_config_${name}`, value])));

/** Caches outlive the build, so they lie on their tenant's cache mount. Packages are copied out of them: links would not outlive it. */
const environments: Record<Name, Record<string, string>> = {
  npm: {
    npm_config_cache: "/cache/npm",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    npm_config_logs_max: "0",
    npm_config_loglevel: "warn",
  },
  pnpm: forPnpm({ store_dir: "/cache/pnpm", package_import_method: "copy", manage_package_manager_versions: "false", update_notifier: "false" }),
  yarn: { YARN_CACHE_FOLDER: "/cache/yarn", YARN_ENABLE_GLOBAL_CACHE: "false", YARN_NODE_LINKER: "node-modules", YARN_ENABLE_TELEMETRY: "0" },
  bun: { BUN_INSTALL_CACHE_DIR: "/cache/bun" },
};

/** What npm refuses by default since its release 12. Here the sandbox protects, so a package may ask for all of it. */
const allowed: Readonly<Record<string, string>> = { "dangerously-allow-all-scripts": "true", "allow-git": "all", "allow-remote": "all" };

/** A policy of the package's own, in package.json or .npmrc, stands: variables would stand over it. */
const allowances = (tree: SourceTree, file: PackageFile): Record<string, string> => {
  const own = tree.read(".npmrc") ?? "";
  const names = Object.keys(allowed).filter(
    (name) => !own.includes(name.replace("dangerously-allow-all", "allow")) && !(file.allowScripts !== undefined && name.endsWith("scripts")),
  );
  return Object.fromEntries(names.map((name) => [`npm_config_${name.replaceAll("-", "_")}`, allowed[name] ?? ""]));
};

/** pnpm runs no script of a dependency since its release 10, unless a policy of the package's own says which. */
const pnpmAllowances = (tree: SourceTree): Record<string, string> => {
  const own = ["package.json", "pnpm-workspace.yaml", ".npmrc"].some((path) =>
    /[bB]uilt-?[dD]ependencies|allow-?[bB]uilds|AllBuilds/.test(tree.read(path) ?? ""),
  );
  return own ? {} : forPnpm({ dangerously_allow_all_builds: "true" });
};

const environmentOf = (name: Name, tree: SourceTree, file: PackageFile): Record<string, string> => {
  if (name === "npm") return { ...environments.npm, ...allowances(tree, file) };
  return name === "pnpm" ? { ...environments.pnpm, ...pnpmAllowances(tree) } : environments[name];
};

export const packageManagerOf = (tree: SourceTree, file: PackageFile): PackageManager => {
  const wanted = declared(file);
  const found = lockFiles.find(([path, name]) => tree.paths.includes(path) && (wanted === undefined || wanted.name === name));
  const name = wanted?.name ?? found?.[1] ?? "npm";
  const lock = found === undefined ? undefined : tree.read(found[0]);
  const version = wanted && wanted.version !== "default" ? wanted.version : versionFor(name, lock);
  const locked = found !== undefined;
  return {
    toolchain: { name, version },
    install: installOf(name, locked, version),
    env: environmentOf(name, tree, file),
    lockFile: found?.[0],
  };
};
