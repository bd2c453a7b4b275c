// Pointers of Git LFS in place of files: an app would serve or read them as if they were what they stand for.
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import ignore from "ignore";

const pointer = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n/;

/** The patterns of .gitattributes are those of .gitignore. */
const patternsOf = (attributes: string): string[] => [...attributes.matchAll(/^[ \t]*([^\s#"]\S*)[ \t].*\bfilter=lfs\b/gm)].map(([, pattern = ""]) => pattern);

/** One file tells of all: each is fetched, or none. So that one is read which the patterns meet first. */
const looksAt = 20;

/** Notes for the log of the build, where the source came without what LFS keeps. */
export const largeFilePointers = (tree: SourceTree): string[] => {
  const patterns = patternsOf(tree.read(".gitattributes") ?? "");
  if (patterns.length === 0) return [];
  const inLfs = ignore().add(patterns);
  const kept = tree.paths.filter((path) => inLfs.ignores(path)).slice(0, looksAt);
  const path = kept.find((each) => pointer.test(tree.read(each) ?? ""));
  if (path === undefined) return [];
  return [
    `${path} is a pointer of Git LFS, and not the file itself: what LFS keeps is not fetched here. Run 'git lfs pull' on your machine and deploy that folder, or keep the file in git itself.`,
  ];
};
