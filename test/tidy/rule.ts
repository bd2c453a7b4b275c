// A rule about the repository itself: a pure function of its files.

export interface RepositoryFile {
  /** Relative to the top of the repository, with '/'. */
  path: string;
  text: string;
}

export interface Violation {
  path: string;
  message: string;
}

export interface Rule {
  name: string;
  check(files: readonly RepositoryFile[]): Violation[];
  /** Files that break the rule: the test of the rule itself. */
  bad: readonly RepositoryFile[];
  /** Files that keep it, close to those that break it. */
  good: readonly RepositoryFile[];
}

/** Examples are what users write: the rules are not for them. */
export const isCode = (path: string): boolean => path.endsWith(".ts") && !path.startsWith("examples/");
export const isTest = (path: string): boolean => path.endsWith(".test.ts") || path.startsWith("test/");

/** The number of the line at `index` of a text. */
export const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;
