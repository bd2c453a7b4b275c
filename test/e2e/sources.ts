// Small source trees that tests deploy.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";

export const writeTree = (folder: string, files: Readonly<Record<string, string>>): void => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
};

/** A new folder with the files given, removed at the end of the test file. Its last part is `name`. */
export const newTree = (name: string, files: Readonly<Record<string, string>>): string => {
  const parent = mkdtempSync(join(tmpdir(), "slip-source-"));
  after(() => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, name);
  mkdirSync(folder);
  writeTree(folder, files);
  return folder;
};

/** The program of a Node server; `answer` is an expression of `request`. */
export const nodeProgram = (answer: string, listen = 'process.env.PORT, "0.0.0.0"'): string =>
  `const http = require("node:http");\nhttp.createServer((request, response) => { response.end(String(${answer})); }).listen(${listen});\n`;

/** The files of a Node app that answers `answer`, an expression of `request`. */
export const nodeFiles = (answer: string, listen?: string): Record<string, string> => ({
  "package.json": `${JSON.stringify({ name: "app", version: "1.0.0", scripts: { start: "node server.js" } }, undefined, 2)}\n`,
  "server.js": nodeProgram(answer, listen),
});
