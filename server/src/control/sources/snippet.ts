// Code in a call, as the smallest tree that a buildpack deploys. Pure.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { GivenFile, SnippetLanguage } from "@slipstream/contract/words.ts";

const pythonLine =
  /^\s*(from\s+[\w.]+\s+import\s|import\s+[\w., ]+(\s+as\s+\w+)?\s*(#.*)?$|(async\s+)?def\s+\w+\s*\(|class\s+\w+[^{]*:\s*(#.*)?$|(if|elif|for|while|with|try|except|else)\b[^{]*:\s*(#.*)?$|@\w|#)/;
const nodeLine = /^\s*(const|let|var|function|async function|export|\/\/|\/\*)\b|^\s*import\b.*["']|=>|\brequire\(|\bconsole\.|[;{]\s*$/;

const count = (code: string, sign: RegExp): number => code.split("\n").filter((line) => sign.test(line)).length;

/** What code is, by signs that the languages do not share; undefined where they do not tell. */
export const languageOf = (code: string): SnippetLanguage | undefined => {
  if (/^\uFEFF?\s*<[!a-z]/i.test(code)) return "html";
  const [python, node] = [count(code, pythonLine), count(code, nodeLine)];
  if (python === node) return undefined;
  return python > node ? "python" : "node";
};

const isModule = (code: string): boolean => /^\s*(import\s*[\w{*"']|export\s)/m.test(code) && !/\brequire\(|\bmodule\.exports\b/.test(code);

/** Without a type Node tells by itself what a file is, and complains of having to where it is a module. */
const packageFile = (code: string): string => `${JSON.stringify({ private: true, ...(isModule(code) ? { type: "module" } : {}) })}\n`;

/** What exports something for others to call is no server by itself: under this name a build looks whether it is a function. */
const entryName = (code: string): string =>
  /^\s*(export\s+default\b|export\s*\{[^}]*\bas\s+default\b|module\.exports\s*=)/m.test(code) ? "index.js" : "server.js";

const trees: Record<SnippetLanguage, (code: string) => GivenFile[]> = {
  html: (code) => [{ path: "index.html", text: code }],
  python: (code) => [{ path: "main.py", text: code }],
  node: (code) => [
    { path: entryName(code), text: code },
    { path: "package.json", text: packageFile(code) },
  ],
};

/** Throws `too_large`, and `invalid_input` where nobody can tell what the code is. */
export const snippetFiles = ({ code, language = languageOf(code) }: { code: string; language?: SnippetLanguage | undefined }): GivenFile[] => {
  const bytes = Buffer.byteLength(code);
  if (bytes > limit("snippetBytes"))
    throw new SlipError("too_large", `The snippet has ${bytes} bytes; ${limit("snippetBytes")} are allowed.`, { next: "Deploy it as files." });
  if (language === undefined)
    throw new SlipError("invalid_input", "Nothing tells what the code is.", { next: 'Say so with language: "node", "python" or "html".' });
  return trees[language](code);
};
