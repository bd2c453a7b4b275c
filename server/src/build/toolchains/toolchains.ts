// Toolchains of a plan become layers. What the machine or the platform has needs no network.
import { statSync } from "node:fs";
import { chmod, copyFile, cp, mkdir, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Toolchain } from "@slipstream/contract/ports/buildpack.ts";
import { exec } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";
import { librariesOf } from "#platform/libraries.ts";
import { temporaryPath } from "#platform/oci/layout.ts";
import { baseKey, makeBase } from "./base.ts";
import { bundlerKey, makeBundler, makeWorkerd, workerdKey } from "./functions.ts";
import { gitKey, makeGit } from "./git.ts";
import { copyMachineFile } from "./machine-files.ts";
import { fetchPackage, ownNpm } from "./npm-package.ts";
import { makeProgram, programKey } from "./own-program.ts";
import { type ProvidedLayer, provideLayer, toolchainRecords } from "./provided-layer.ts";
import { makePython, pythonKey } from "./python.ts";

const architecture = process.arch === "arm64" ? "arm64" : "x64";

const stamp = (path: string): string => {
  const { size, mtimeMs } = statSync(path);
  return `${path}:${size}:${mtimeMs}`;
};

const installProgram = async (root: string, source: string, name: string): Promise<void> => {
  const folder = join(root, "usr/local/bin");
  await mkdir(folder, { recursive: true });
  await copyFile(source, join(folder, name));
  await chmod(join(folder, name), 0o755);
  for (const library of await librariesOf([source])) await copyMachineFile(library, root);
};

/** Fetches a package, lets `use` take what it needs out of its folder, and leaves nothing else. */
const withPackage = async (home: Home, name: string, range: string, use: (folder: string) => Promise<void>): Promise<void> => {
  const temporary = temporaryPath(home);
  try {
    await use((await fetchPackage(home, { name, range, folder: temporary })).folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
};

const linkPrograms = async (root: string, programs: Readonly<Record<string, string>>): Promise<void> => {
  await mkdir(join(root, "usr/local/bin"), { recursive: true });
  for (const [name, target] of Object.entries(programs)) {
    await chmod(join(root, "usr/local/lib/node_modules", target), 0o755);
    await symlink(`../lib/node_modules/${target}`, join(root, "usr/local/bin", name));
  }
};

const makeScriptTool = (home: Home, name: string, range: string, programs: Readonly<Record<string, string>>) => (root: string) =>
  withPackage(home, name, range, async (folder) => {
    await mkdir(join(root, "usr/local/lib/node_modules"), { recursive: true });
    await rename(folder, join(root, "usr/local/lib/node_modules", name.replace("@yarnpkg/cli-dist", "yarn")));
    await linkPrograms(root, programs);
  });

/** As with the platform's code: an install replaces files, so that a link keeps what it had. Two thousand files are linked sooner than copied. */
const linkOrCopy = async (from: string, to: string): Promise<void> => {
  await mkdir(dirname(to), { recursive: true });
  if ((await exec(["cp", "--archive", "--link", "--", from, to])).code === 0) return;
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
};

const makeNpm = async (root: string): Promise<void> => {
  await linkOrCopy(ownNpm(), join(root, "usr/local/lib/node_modules/npm"));
  await linkPrograms(root, { npm: "npm/bin/npm-cli.js", npx: "npm/bin/npx-cli.js" });
};

interface Recipe {
  key: string;
  make: (root: string) => Promise<void>;
}

const yarn = (home: Home, version: string): Recipe =>
  version.startsWith("1")
    ? { key: `yarn ${version}`, make: makeScriptTool(home, "yarn", version, { yarn: "yarn/bin/yarn.js", yarnpkg: "yarn/bin/yarn.js" }) }
    : { key: `yarn ${version}`, make: makeScriptTool(home, "@yarnpkg/cli-dist", version, { yarn: "yarn/bin/yarn.js" }) };

/** Bun's ordinary binary needs AVX2, which not every machine has; the baseline binary runs everywhere. */
const bunPackage = architecture === "arm64" ? "@oven/bun-linux-aarch64" : "@oven/bun-linux-x64-baseline";

const recipe = (home: Home, { name, version }: Toolchain): Recipe => {
  const range = version === "default" ? "latest" : version;
  if (name === "npm" && version !== "default")
    return { key: `npm ${range}`, make: makeScriptTool(home, "npm", range, { npm: "npm/bin/npm-cli.js", npx: "npm/bin/npx-cli.js" }) };
  if (name === "npm") return { key: stamp(join(ownNpm(), "package.json")), make: makeNpm };
  if (name === "pnpm") return { key: `pnpm ${range}`, make: makeScriptTool(home, "pnpm", range, { pnpm: "pnpm/bin/pnpm.cjs", pnpx: "pnpm/bin/pnpx.cjs" }) };
  if (name === "yarn") return yarn(home, range);
  if (name === "bun")
    return { key: `bun ${range}`, make: (root) => withPackage(home, bunPackage, range, (folder) => installProgram(root, join(folder, "bin/bun"), "bun")) };
  if (name === "git") return { key: gitKey(), make: makeGit };
  if (name === "python") return { key: pythonKey(version), make: (root) => makePython(home, root, version) };
  if (name === "static") return { key: programKey("static-server"), make: (root) => makeProgram(root, "static-server") };
  if (name === "workerd") return { key: workerdKey(), make: (root) => makeWorkerd(root, installProgram) };
  if (name === "bundler") return { key: bundlerKey(), make: makeBundler };
  if (version === "default") return { key: stamp(process.execPath), make: (root) => installProgram(root, process.execPath, "node") };
  const packageName = `node-linux-${architecture}`;
  return { key: `node ${range}`, make: (root) => withPackage(home, packageName, range, (folder) => installProgram(root, join(folder, "bin/node"), "node")) };
};

const recordName = ({ name, version }: Toolchain): string => `${name}@${Buffer.from(version).toString("base64url")}.json`;

/** The base layer, which is below all others. */
export const baseLayer = (home: Home): Promise<ProvidedLayer> =>
  provideLayer({ home, record: join(toolchainRecords(home), "base.json"), key: baseKey(), make: makeBase });

/** The layer of a toolchain. Throws `toolchain_unavailable`. */
export const toolchainLayer = (home: Home, toolchain: Toolchain): Promise<ProvidedLayer> =>
  provideLayer({ home, record: join(toolchainRecords(home), recordName(toolchain)), ...recipe(home, toolchain) });
