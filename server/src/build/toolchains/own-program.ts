// Programs of our own that run in sandboxes: with their types stripped, so that they start at once.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";

const folderOf = (name: string): string => join(import.meta.dirname, "..", name);

const sources = (name: string): string[] =>
  readdirSync(folderOf(name))
    .filter((file) => file.endsWith(".ts") && !/\.(test|d)\.ts$/.test(file))
    .sort((a, b) => (a < b ? -1 : 1));

/** A file of the program as plain JavaScript, whose imports name plain JavaScript too. */
const compiled = (path: string): string => stripTypeScriptTypes(readFileSync(path, "utf8")).replace(/from "(\.\/[\w-]+)\.ts"/g, 'from "$1.mjs"');

/** Changes when a file of the program does; `name` is its folder in the build plane. */
export const programKey = (name: string): string => {
  const hash = createHash("sha256");
  for (const file of sources(name)) hash.update(`${file}\n${readFileSync(join(folderOf(name), file), "utf8")}\n`);
  return hash.digest("hex");
};

/** Writes the program to /opt/NAME. */
export const makeProgram = async (root: string, name: string): Promise<void> => {
  const folder = join(root, "opt", name);
  await mkdir(folder, { recursive: true });
  for (const file of sources(name)) await writeFile(join(folder, file.replace(/\.ts$/, ".mjs")), compiled(join(folderOf(name), file)));
};
