// Where a source says which version of a language it wants: the place that a report names when there is no such version. Pure.
import type { SourceTree, Toolchain } from "@slipstream/contract/ports/buildpack.ts";

interface Saying {
  file: string;
  line: RegExp;
}

/** In the order in which buildpacks read them. */
const sayings: Partial<Record<Toolchain["name"], readonly Saying[]>> = {
  node: [
    { file: "package.json", line: /^\s*(?:"engines"\s*:.*)?"node"\s*:/ },
    { file: ".nvmrc", line: /^[^#\s]/ },
    { file: ".node-version", line: /^[^#\s]/ },
  ],
  python: [
    { file: ".python-version", line: /^[^#\s]/ },
    { file: "runtime.txt", line: /^[^#\s]/ },
    { file: "pyproject.toml", line: /^\s*(?:requires-python|python)\s*=/ },
  ],
};
const packageManagers: readonly Saying[] = [{ file: "package.json", line: /^\s*(?:"devEngines"\s*:.*)?"packageManager"\s*:/ }];

export const versionPlace = (tree: SourceTree, name: Toolchain["name"]): { file: string; line: number } | undefined => {
  for (const { file, line } of sayings[name] ?? packageManagers) {
    const at = (tree.read(file) ?? "").split("\n").findIndex((text) => line.test(text));
    if (at >= 0) return { file, line: at + 1 };
  }
  return undefined;
};

/** What to write there instead; undefined where the error knows better. */
export const versionAction = (name: Toolchain["name"], file: string | undefined, own: string): string | undefined => {
  const major = /^v?(\d+)/.exec(own)?.[1] ?? "";
  if (name !== "node") return undefined;
  if (file === "package.json") return `Set "engines": { "node": "${major}.x" } in package.json, which the platform has, or another version that there is.`;
  return `Write ${major} into ${file ?? ".nvmrc"}, which the platform has, or another version that there is.`;
};
