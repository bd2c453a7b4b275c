// The place in the source that lines name.
import type { Place } from "./sign.ts";

const generic: readonly RegExp[] = [
  /(?:Could not resolve|Failed to resolve import) "[^"]+" (?:from|in) "([^"]+)"()/,
  /File "(?:\/app\/)?([^"<>]+\.py)", line (\d+)/,
  /(?:^|[\s("'])(?:file:\/\/)?(?:\/app\/)?((?!\/)[\w@./[\]-]+\.(?:[cm]?[jt]sx?|vue|svelte|astro|css|scss|html|mdx?|json))[:(](\d+)(?:[:,]\d+)?\)?/,
  /imported from (?:file:\/\/)?\/app\/([\w@./[\]-]+\.[cm]?[jt]sx?)()/,
];

const inSource = (file: string): boolean =>
  !/(^|\/)(node_modules|site-packages|\.venv)\//.test(file) && !file.startsWith("..") && !file.startsWith("/") && !file.startsWith("node:");

const placeOn = (line: string): Place | undefined => {
  for (const pattern of generic) {
    const [, file, number] = pattern.exec(line) ?? [];
    if (file === undefined || !inSource(file) || file.length > 300) continue;
    const at = { file: file.replace(/^\.\//, "") };
    if (number === "") return at;
    if (Number(number) > 0) return { ...at, line: Number(number) };
  }
  return undefined;
};

/** The first that is named; in a traceback of Python the last, which is the innermost. */
export const placeIn = (lines: readonly string[]): Place | undefined => {
  const found = lines.map(placeOn).filter((place) => place !== undefined);
  return found.find(({ file }) => !file.endsWith(".py")) ?? found.at(-1);
};
