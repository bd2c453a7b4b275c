// Which Node a package asks for.
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import semver from "semver";
import type { PackageFile } from "./package-file.ts";

const names: Readonly<Record<string, string>> = {
  argon: "4",
  boron: "6",
  carbon: "8",
  dubnium: "10",
  erbium: "12",
  fermium: "14",
  gallium: "16",
  hydrogen: "18",
  iron: "20",
  jod: "22",
  krypton: "24",
};

const first = (text: string | undefined): string | undefined =>
  text
    ?.split("\n")
    .find((line) => line.trim() !== "" && !line.startsWith("#"))
    ?.trim();

const rangeOf = (tree: SourceTree, file: PackageFile): string => {
  const written = file.engines.node ?? first(tree.read(".nvmrc")) ?? first(tree.read(".node-version")) ?? "*";
  const named = /^lts\/(\w+)$/.exec(written)?.[1];
  const range = named === undefined ? written : (names[named] ?? "*");
  return semver.validRange(range) === null ? "*" : range.trim().replace(/^v(?=\d)/, "");
};

/** The npm that runs on a Node: the platform's own needs a recent one. */
export const npmVersion = (node: string): string => {
  if (node === "default") return "default";
  const major = semver.minVersion(node)?.major ?? 0;
  if (major >= 22) return "11";
  if (major >= 18) return "10";
  return major >= 14 ? "9" : "6";
};

/** "default" when the Node that the platform itself runs on fits, which costs no download; else the range. */
export const nodeVersion = (tree: SourceTree, file: PackageFile, own: string): string => {
  const range = rangeOf(tree, file);
  return semver.satisfies(own, range) ? "default" : range;
};
