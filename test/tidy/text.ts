// Words that must not stand in a file.
import { isCode, isTest, lineAt, type RepositoryFile, type Rule, type Violation } from "./rule.ts";

const find = (file: RepositoryFile, pattern: RegExp, message: string): Violation[] =>
  [...file.text.matchAll(new RegExp(pattern, `g${pattern.flags}`))].map((match) => ({
    path: file.path,
    message: `line ${lineAt(file.text, match.index)}: ${message}`,
  }));

const environmentReaders = [
  "server/src/platform/config.ts",
  "cli/src/environment.ts",
  "test/e2e/installation.ts",
  "test/e2e/joint-installation.ts",
  "test/size.ts",
];
const environment = /\bprocess\s*\.\s*env\b|\benv\s*\}\s*=\s*process\b/;
/** Tests hold the programs of apps as text: there only what stands before the first quote of its line is surely ours. */
const environmentInTest = /^[^"'`\n]*\bprocess\.env\b/m;

export const environmentAccess: Rule = {
  name: "the environment is read in one place",
  check: (files) =>
    files
      .filter(({ path }) => isCode(path) && !environmentReaders.includes(path))
      .flatMap((file) => find(file, isTest(file.path) ? environmentInTest : environment, "reads process.env")),
  bad: [
    { path: "server/src/control/a.ts", text: "const home = process.env.HOME;" },
    { path: "cli/src/a.ts", text: "const { env } = process;" },
    { path: "cli/src/a.test.ts", text: "const home = process.env.HOME;" },
  ],
  good: [
    { path: "server/src/platform/config.ts", text: "process.env.HOME" },
    { path: "cli/src/a.test.ts", text: "const program = 'process.env.PORT';" },
  ],
};

const shellStrings = /\bshell:\s*(true|["'`])|\bexecSync\s*\(|import\s*\{[^}]*\bexec\b(?!\s+as)[^}]*\}\s*from\s*"node:child_process"/;

export const shells: Rule = {
  name: "no shell strings",
  check: (files) =>
    files.filter(({ path }) => isCode(path)).flatMap((file) => find(file, shellStrings, "gives a string to a shell: start programs with an argument vector")),
  bad: [
    { path: "cli/src/a.ts", text: `spawn("git", [], { ${"shell"}: true })` },
    { path: "cli/src/b.ts", text: `import { ${"exec"}, spawn } from "node:child_process";` },
    { path: "cli/src/c.ts", text: `child.${"execSync"}("git log")` },
  ],
  good: [
    {
      path: "cli/src/a.ts",
      text: 'import { execFile } from "node:child_process";\nimport { exec } from "#platform/exec.ts";\nspawn("git", [], { shell: false })',
    },
  ],
};

const host = (...labels: string[]): string => labels.join("\\.");
const places = new RegExp(
  [
    host("registry", "npmjs", "org"),
    host("registry", "yarnpkg", "com"),
    host("pypi", "org"),
    host("files", "pythonhosted", "org"),
    host("deb", "debian", "org"),
  ].join("|"),
);
const machinePaths = /(?<![\w.$}])\/(?:work|workspace)\/[a-z]|(?<![\w.$}])\/(?:home|Users)\/[a-z][\w-]*\/|(?<![\w.$}])\/root\/[\w.]/;

export const machineFacts: Rule = {
  name: "no paths of one machine, no names of registries",
  check: (files) =>
    files.flatMap((file) => [
      ...find(file, places, "names the host of a package registry: the tools know theirs"),
      ...find(file, machinePaths, "holds an absolute path of one machine"),
    ]),
  bad: [
    { path: "README.md", text: `see ${"/work"}/main/README.md` },
    { path: "a.json", text: `"https://${["registry", "npmjs", "org"].join(".")}/a"` },
  ],
  good: [{ path: "README.md", text: "such as /root, or app/work/main" }],
};

export const lockFile: Rule = {
  name: "lock files name no registry",
  check: (files) =>
    files
      .filter(({ path }) => path.endsWith("package-lock.json"))
      .flatMap((file) => find(file, /"resolved": "(?![\w./-]+")/, "holds where a package came from")),
  bad: [
    { path: "package-lock.json", text: '{ "resolved": "https://example.org/a.tgz" }' },
    { path: "package-lock.json", text: '{ "resolved": "git+ssh://git@example.org/a.git#1" }' },
  ],
  good: [{ path: "package-lock.json", text: '{ "resolved": "contract", "link": true }' }],
};

const unfinished = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);

export const finished: Rule = {
  name: "nothing is left for later",
  check: (files) => files.filter(({ path }) => isCode(path) || path.endsWith(".sql")).flatMap((file) => find(file, unfinished, "is not finished")),
  bad: [{ path: "cli/src/a.ts", text: `// ${"TO" + "DO"}: later` }],
  good: [{ path: "cli/src/a.ts", text: "// a list of things to do" }],
};

const muted = new RegExp(`@ts-${"ignore"}|@ts-${"expect-error"}|\\b(?:it|test|describe)\\.${"only"}\\(`);

export const nothingMuted: Rule = {
  name: "no check is muted",
  check: (files) => files.filter(({ path }) => isCode(path)).flatMap((file) => find(file, muted, "mutes a check")),
  bad: [
    { path: "cli/src/a.ts", text: `// @ts-${"ignore"}` },
    { path: "cli/src/a.test.ts", text: `it.${"only"}("x", () => {})` },
  ],
  good: [{ path: "cli/src/a.ts", text: "// ignore" }],
};

/** Tests of our own parts use the real ones. */
export const noMocks: Rule = {
  name: "no mocks",
  check: (files) =>
    files.filter(({ path }) => isTest(path)).flatMap((file) => find(file, new RegExp(`\\bmock\\.(?:${"module"}|method|fn|timers)\\b`), "mocks a part")),
  bad: [{ path: "cli/src/a.test.ts", text: `mock.${"module"}("x")` }],
  good: [{ path: "cli/src/a.test.ts", text: "// no mock" }],
};
