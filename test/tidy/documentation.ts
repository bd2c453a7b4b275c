// What the catalogue and the registry promise is used, handled and documented; links lead somewhere.
import { posix } from "node:path";
import { errors } from "@slipstream/contract/errors.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import { isCode, isTest, type RepositoryFile, type Rule, type Violation } from "./rule.ts";

const textOf = (files: readonly RepositoryFile[], path: string): string => files.find((file) => file.path === path)?.text ?? "";
const programs = (files: readonly RepositoryFile[], under: RegExp): string =>
  files
    .filter(({ path }) => isCode(path) && !isTest(path) && under.test(path))
    .map(({ text }) => text)
    .join("\n");

const missingWords = (words: readonly string[], text: string, path: string, message: string, quote: string): Violation[] =>
  words.filter((word) => !text.includes(`${quote}${word}${quote}`)).map((word) => ({ path, message: `${word} ${message}` }));

/** Every code is used by some program, and has its place in the reference. */
const catalogueRule = (codes: readonly string[], reference: string): Rule["check"] => {
  return (files) => [
    ...missingWords(codes, programs(files, /^(server|cli)\//), "contract/src/errors.ts", "is used nowhere", '"'),
    ...missingWords(codes, textOf(files, reference), reference, "is not documented", "`"),
  ];
};
const referenceOfErrors = "docs/reference/errors.md";
const allCodes = Object.keys(errors);
const using = (codes: readonly string[], reference: string): RepositoryFile[] => [
  { path: "server/src/a.ts", text: codes.map((code) => `"${code}"`).join() },
  { path: reference, text: codes.map((code) => `\`${code}\``).join() },
];

export const errorCodes: Rule = {
  name: "error codes are used and documented",
  check: catalogueRule(allCodes, referenceOfErrors),
  bad: using(allCodes.slice(1), referenceOfErrors),
  good: using(allCodes, referenceOfErrors),
};

const referenceOfOperations = "docs/reference/operations.md";
const allOperations = Object.keys(operations);
const handling = (names: readonly string[]): RepositoryFile[] => [
  { path: "server/src/control/a.ts", text: names.map((name) => `"${name}"`).join() },
  { path: referenceOfOperations, text: names.map((name) => `\`${name}\``).join() },
];

export const operationNames: Rule = {
  name: "operations are handled and documented",
  check: (files) => [
    ...missingWords(allOperations, programs(files, /^server\/src\/control\//), "contract/src/operations", "is not handled", '"'),
    ...missingWords(allOperations, textOf(files, referenceOfOperations), referenceOfOperations, "is not documented", "`"),
  ],
  bad: handling(allOperations.slice(1)),
  good: handling(allOperations),
};

const linksOf = ({ path, text }: RepositoryFile): string[] =>
  [...text.replace(/```[\s\S]*?```/g, "").matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map((match) => match[1] ?? "")
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => posix.normalize(posix.join(posix.dirname(path), target)).replace(/\/$/, ""));

export const links: Rule = {
  name: "links lead somewhere",
  check: (files) => {
    const there = new Set(files.flatMap(({ path }) => path.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"))));
    return files
      .filter(({ path }) => path.endsWith(".md") && !path.startsWith("examples/"))
      .flatMap((file) =>
        linksOf(file).flatMap((target) =>
          there.has(target) || target === "." ? [] : [{ path: file.path, message: `links to ${target}, which is not there` }],
        ),
      );
  },
  bad: [{ path: "docs/a.md", text: "[b](b.md)" }],
  good: [
    { path: "docs/a.md", text: "[b](../docs/b.md#part) [c](https://example.org)" },
    { path: "docs/b.md", text: "" },
  ],
};
