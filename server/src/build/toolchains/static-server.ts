// The layer of the static server: our own program with its types stripped, so that it starts at once.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";

const sourceFolder = join(import.meta.dirname, "..", "static-server");

const sources = (): string[] =>
  readdirSync(sourceFolder)
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .sort((a, b) => (a < b ? -1 : 1));

/** A file of the server as plain JavaScript, whose imports name plain JavaScript too. */
const compiled = (name: string): string =>
  stripTypeScriptTypes(readFileSync(join(sourceFolder, name), "utf8")).replace(/from "(\.\/[\w-]+)\.ts"/g, 'from "$1.mjs"');

export const staticServerKey = (): string => {
  const hash = createHash("sha256");
  for (const name of sources()) hash.update(`${name}\n${readFileSync(join(sourceFolder, name), "utf8")}\n`);
  return hash.digest("hex");
};

export const makeStaticServer = async (root: string): Promise<void> => {
  const folder = join(root, "opt/static-server");
  await mkdir(folder, { recursive: true });
  for (const name of sources()) await writeFile(join(folder, name.replace(/\.ts$/, ".mjs")), compiled(name));
};
