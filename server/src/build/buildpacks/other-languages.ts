// Sources that no buildpack is for: what they are, and what their owner can do.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { isDeno } from "./node/single-file.ts";

interface Language {
  name: string;
  /** Any file at these paths says that this is what the source is. */
  files: RegExp;
  /** Or what is in a file of JavaScript's at the top. */
  isProgram?: (text: string) => boolean;
  /** Its builds make one program that needs nothing else. */
  makesPrograms?: true;
  next?: string;
}

const languages: readonly Language[] = [
  { name: "Go", files: /^(?:go\.mod|go\.work|main\.go)$/, makesPrograms: true },
  { name: "Rust", files: /^Cargo\.toml$/, makesPrograms: true },
  {
    name: "Deno",
    files: /^deno\.jsonc?$/,
    isProgram: isDeno,
    next: "Add a package.json whose start script runs the app in Node or Bun, which both read TypeScript as it is.",
  },
  {
    name: "Meteor",
    files: /^\.meteor\/release$/,
    next: "Run 'meteor build --directory OUT' yourself, and deploy OUT/bundle with [run] command = \"node main.js\" in its slip.toml.",
  },
  { name: "Ruby", files: /^(?:Gemfile|config\.ru)$/ },
  { name: "PHP", files: /^(?:composer\.json|artisan|(?:public\/)?index\.php)$/ },
  { name: "Java or Kotlin", files: /^(?:pom\.xml|build\.gradle(?:\.kts)?)$/ },
  { name: "Elixir", files: /^mix\.exs$/ },
  { name: ".NET", files: /^(?:[\w.-]+\/)?[\w.-]+\.(?:csproj|fsproj|sln)$/, makesPrograms: true },
  { name: "C or C++", files: /^(?:CMakeLists\.txt|(?:src\/)?\w+\.(?:c|cc|cpp))$/, makesPrograms: true },
  { name: "a Dockerfile", files: /^(?:Dockerfile|Containerfile)$/ },
  {
    name: "a compose file",
    files: /^(?:docker-)?compose\.ya?ml$/,
    next: "Deploy each of its services that is Node, Python or a static site as an app of its own: 'slip deploy SOURCE --subfolder FOLDER'.",
  },
  { name: "a script of a shell", files: /^[\w-]+\.sh$/ },
];

/** Undefined where nothing tells. */
export const languageOf = (tree: SourceTree): Language | undefined =>
  languages.find(({ files, isProgram }) => tree.paths.some((path) => files.test(path) || (script.test(path) && isProgram?.(tree.read(path) ?? ""))));
const script = /^[\w-]+\.m?[jt]sx?$/;

const program = "Build the program for Linux on x86-64 yourself, and deploy it beside a package.json with the start script './PROGRAM'.";

export const otherLanguage = ({ name, makesPrograms, next }: Language, first: readonly string[] = []): SlipError =>
  new SlipError("no_buildpack", undefined, {
    cause: `The source is ${name}, which has no buildpack: what is built here is Node, Bun, Python and static sites.`,
    next: [
      ...first,
      ...(makesPrograms ? [program] : []),
      next ?? "Deploy it elsewhere, or what of it is Node, Python or a static site: 'slip deploy SOURCE --subfolder FOLDER'.",
    ],
  });

/** Whole applications of other languages, whose package.json is for the scripts and styles of their pages alone. */
const applications: readonly (readonly [RegExp, string])[] = [
  [/^artisan$/, "PHP"],
  [/^config\/application\.rb$/, "Ruby"],
  [/^mix\.exs$/, "Elixir"],
  [/^\.meteor\/release$/, "Meteor"],
];

/** The language of an application that has a package.json beside, and is no app of Node's. */
export const applicationOf = (tree: SourceTree): Language | undefined => {
  const found = applications.find(([file]) => tree.paths.some((path) => file.test(path)))?.[1];
  return languages.find(({ name }) => name === found);
};
