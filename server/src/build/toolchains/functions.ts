// The layers of functions: workerd with what starts it, and the bundler. Both come with the platform's own packages.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { copyFile, cp, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { makeProgram, programKey } from "./own-program.ts";

const require = createRequire(import.meta.url);
const startScript = join(import.meta.dirname, "..", "functions", "start.sh");

const workerdBinary = (): string => require.resolve(`@cloudflare/workerd-linux-${process.arch === "arm64" ? "arm64" : "64"}/bin/workerd`);
const esbuildPackage = `@esbuild/linux-${process.arch === "arm64" ? "arm64" : "x64"}`;
const folderOf = (name: string): string => dirname(require.resolve(`${name}/package.json`));

/** The file itself is not read: a package is what its package.json says. */
const packageStamp = (folder: string): string =>
  createHash("sha256")
    .update(readFileSync(join(folder, "package.json")))
    .digest("hex");

export const workerdKey = (): string => [packageStamp(join(dirname(workerdBinary()), "..")), readFileSync(startScript, "utf8")].join("\n");

export const makeWorkerd = async (root: string, installProgram: (root: string, source: string, name: string) => Promise<void>): Promise<void> => {
  await installProgram(root, workerdBinary(), "workerd");
  await mkdir(join(root, "opt/function"), { recursive: true });
  await copyFile(startScript, join(root, "opt/function/start.sh"));
};

export const bundlerKey = (): string => [programKey("functions"), packageStamp(folderOf("esbuild")), packageStamp(folderOf(esbuildPackage))].join("\n");

export const makeBundler = async (root: string): Promise<void> => {
  await makeProgram(root, "functions");
  for (const name of ["esbuild", esbuildPackage]) await cp(folderOf(name), join(root, "opt/functions/node_modules", name), { recursive: true });
};
