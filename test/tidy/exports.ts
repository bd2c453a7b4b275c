// What a file offers, others take: what nobody takes is not offered, so that the compiler sees when its own file has no use of it any more.
import { isCode, isTest, type RepositoryFile, type Rule } from "./rule.ts";

const wordsOf = (text: string): Set<string> => new Set(text.match(/[\w$]+/g));

/** Functions and values, not in a program that is a text: a type, or what is one too, is also offered as a part of another that is taken. */
const offered = (text: string): string[] =>
  [...text.replace(/`[^`]*`/g, "").matchAll(/^export (?:async )?(?:const|function\*?) ([a-z$][\w$]*)/gm)].map((match) => match[1] ?? "");

/** How many files of code have a word. */
const filesByWord = (files: readonly RepositoryFile[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { text } of files) for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
};

export const takenExports: Rule = {
  name: "exports are taken by another file",
  check: (files) => {
    const code = files.filter(({ path }) => isCode(path));
    const counts = filesByWord(code);
    return code
      .filter(({ path }) => !isTest(path))
      .flatMap(({ path, text }) =>
        offered(text)
          .filter((name) => counts.get(name) === 1)
          .map((name) => ({ path, message: `exports ${name}, which no other file names` })),
      );
  },
  bad: [
    { path: "cli/src/a.ts", text: "export const b = 1;\nconst c = b;" },
    { path: "cli/src/d.ts", text: 'import { c } from "./a.ts";' },
  ],
  good: [
    { path: "cli/src/a.ts", text: "export const b = 1;\nexport interface C {}\nconst d = `\nexport const e = 1;`;" },
    { path: "cli/src/a.test.ts", text: 'import { b } from "./a.ts";' },
  ],
};
