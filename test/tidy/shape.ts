// The shape of the tree and its files. The length of functions is Biome's to check (noExcessiveLinesPerFunction in biome.json).
import { isCode, type Rule } from "./rule.ts";

const linesMax = 500;

export const fileLengths: Rule = {
  name: "file lengths",
  check: (files) =>
    files
      .filter(({ path, text }) => isCode(path) && text.split("\n").length > linesMax + 1)
      .map(({ path, text }) => ({ path, message: `has ${text.split("\n").length - 1} lines, more than ${linesMax}` })),
  bad: [{ path: "cli/src/a.ts", text: "a();\n".repeat(501) }],
  good: [{ path: "cli/src/a.ts", text: "a();\n".repeat(500) }],
};

const vagueNames = /(^|\/)(utils?|helpers?|common|shared|types|misc|lib)(\/|\.ts$)/;

export const folderNames: Rule = {
  name: "names that say something",
  check: (files) =>
    files
      .filter(({ path }) => !path.startsWith("examples/") && vagueNames.test(path))
      .map(({ path }) => ({ path, message: "has a name that says nothing: name it after what it holds" })),
  bad: [
    { path: "server/src/utils/a.ts", text: "" },
    { path: "cli/src/helpers.ts", text: "" },
  ],
  good: [{ path: "server/src/routes/common-prefix.ts", text: "" }],
};

const isBarrel = (text: string): boolean => {
  const statements = text
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
  return statements.length > 0 && statements.every((statement) => /^export\s[\s\S]*\sfrom\s+"[^"]+"$/.test(statement));
};

export const barrels: Rule = {
  name: "no barrels",
  check: (files) =>
    files
      .filter(({ path, text }) => isCode(path) && (/(^|\/)index\.ts$/.test(path) || isBarrel(text)))
      .map(({ path }) => ({ path, message: "only passes others' exports on: import them from where they are" })),
  bad: [
    { path: "cli/src/all.ts", text: '// all\nexport * from "./a.ts";\nexport { b } from "./b.ts";\n' },
    { path: "cli/src/index.ts", text: "export const a = 1;\n" },
  ],
  good: [{ path: "cli/src/a.ts", text: 'export { b } from "./b.ts";\nexport const c = 1;\n' }],
};
