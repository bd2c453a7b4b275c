// Programs of our own that run in sandboxes, as folders of layers.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { plainJavaScript } from "#platform/plain-javascript.ts";

const folderOf = (name: string): string => join(import.meta.dirname, "..", name);

const sources = (name: string): string[] =>
  readdirSync(folderOf(name))
    .filter((file) => file.endsWith(".ts") && !/\.(test|d)\.ts$/.test(file))
    .sort((a, b) => (a < b ? -1 : 1));

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
  for (const file of sources(name)) await writeFile(join(folder, file.replace(/\.ts$/, ".mjs")), plainJavaScript(join(folderOf(name), file)));
};
