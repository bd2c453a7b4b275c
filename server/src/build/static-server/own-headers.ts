// The file _headers of a site, as Netlify and Cloudflare Pages read it: a path, and below it, indented, the headers of its answers.
import { type PathPattern, pathPattern } from "./path-pattern.ts";

const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule("node:http");

interface Block {
  path: PathPattern | undefined;
  headers: [string, string][];
}
export interface OwnHeaders {
  of(path: string): Readonly<Record<string, string>>;
  ignored: readonly number[];
}

/** What the server alone knows of an answer. */
const reserved = /^(connection|content-length|content-range|date|keep-alive|trailer|transfer-encoding|upgrade)$/;

const headerOf = (line: string): [string, string] | undefined => {
  const [, name = "", value = ""] = /^([^:\s]+)\s*:\s*(.*)$/.exec(line) ?? [];
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    return undefined;
  }
  return reserved.test(name.toLowerCase()) ? undefined : [name.toLowerCase(), value];
};

export const readOwnHeaders = (text: string): OwnHeaders => {
  const blocks: Block[] = [];
  const ignored: number[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const words = line.trim();
    if (words === "" || words.startsWith("#")) continue;
    const header = /^\s/.test(line) ? headerOf(words) : undefined;
    const path = /^\s/.test(line) ? undefined : pathPattern(words);
    if (!/^\s/.test(line)) blocks.push({ path, headers: [] });
    if (header !== undefined) blocks.at(-1)?.headers.push(header);
    if (header === undefined && path === undefined) ignored.push(index + 1);
  }
  return {
    of(path) {
      const all = new Map<string, string>();
      for (const block of blocks)
        if (block.path?.match(path)) for (const [name, value] of block.headers) all.set(name, all.has(name) ? `${all.get(name)}, ${value}` : value);
      return Object.fromEntries(all);
    },
    ignored,
  };
};
