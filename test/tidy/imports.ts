// Which file may import which: architecture.md's directions, declared packages, no cycles.
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { isCode, isTest, type RepositoryFile, type Rule, type Violation } from "./rule.ts";

interface Import {
  specifier: string;
  isType: boolean;
}

const withoutComments = (text: string): string => text.replace(/^\s*\/\/.*$/gm, "").replace(/^\s*\/\*[\s\S]*?\*\//gm, "");

/** Imports as they are written; a program in a text with other quotes is not taken for one. */
export const importsOf = (text: string): Import[] => {
  const code = withoutComments(text);
  const statics = [...code.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^"'`;]*?\sfrom\s+)?"([^"\n]+)"/gm)];
  const dynamics = [...code.matchAll(/^[^'`\n]*\bimport\(\s*"([^"\n]+)"\s*\)/gm)];
  return [
    ...statics.map((match) => ({ specifier: match[2] ?? "", isType: match[1] !== undefined })),
    ...dynamics.map((match) => ({ specifier: match[1] ?? "", isType: false })),
  ];
};

/** The file that a specifier names, or undefined for a package. */
const resolveFile = (from: string, specifier: string): string | undefined => {
  if (specifier.startsWith(".")) return posix.normalize(posix.join(posix.dirname(from), specifier));
  if (specifier.startsWith("#platform/")) return specifier.replace("#platform/", "server/src/platform/");
  if (specifier.startsWith("@slipstream/contract/")) return specifier.replace("@slipstream/contract/", "contract/src/");
  return undefined;
};

const planes = ["control", "build", "runtime", "delivery", "observability"];

/** The layer of a file, and the layers that it may import besides its own. */
const layers: [prefix: string, mayImport: string[]][] = [
  ["contract/src/", []],
  ["server/src/platform/", ["contract/src/"]],
  ...planes.map((plane): [string, string[]] => [`server/src/${plane}/`, ["contract/src/", "server/src/platform/"]]),
  ["server/src/main/", ["contract/src/", "server/src/"]],
  ["cli/src/", ["contract/src/"]],
  ["bench/", ["contract/src/", "test/e2e/"]],
  ["test/", ["contract/src/"]],
];

const directionsOf = (file: RepositoryFile): Violation[] => {
  const layer = layers.find(([prefix]) => file.path.startsWith(prefix));
  if (!layer) return [{ path: file.path, message: "is in no layer of architecture.md" }];
  const [own, others] = layer;
  return importsOf(file.text).flatMap(({ specifier }) => {
    const target = resolveFile(file.path, specifier);
    if (target === undefined || [own, ...others].some((prefix) => target.startsWith(prefix))) return [];
    return [{ path: file.path, message: `must not import ${target}` }];
  });
};

export const directions: Rule = {
  name: "import directions",
  check: (files) => files.filter(({ path }) => isCode(path)).flatMap(directionsOf),
  bad: [
    { path: "server/src/control/a.ts", text: 'import { b } from "../runtime/b.ts";' },
    { path: "server/src/platform/a.ts", text: 'export type { b } from "../control/b.ts";' },
    { path: "contract/src/a.ts", text: 'import { b } from "#platform/b.ts";' },
    { path: "cli/src/a.ts", text: 'const b = await import("../../server/src/main/b.ts");' },
    { path: "test/e2e/a.ts", text: 'import {\n  b,\n} from "../../server/src/main/b.ts";' },
    { path: "helpers/a.ts", text: "" },
  ],
  good: [
    { path: "server/src/control/a.ts", text: 'import { b } from "#platform/b.ts";\nimport { c } from "@slipstream/contract/c.ts";' },
    { path: "server/src/main/a.ts", text: 'import { b } from "../control/b.ts";' },
    { path: "cli/src/a.ts", text: '// import { b } from "../../server/src/b.ts";\nimport { c } from "./c.ts";' },
  ],
};

const packageName = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}
const declaredIn = (files: readonly RepositoryFile[], path: string, kinds: (keyof Manifest)[]): string[] => {
  const manifest = JSON.parse(files.find((file) => file.path === path)?.text ?? "{}") as Manifest;
  return kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}));
};

/** What has a scheme comes with what runs it: "node:fs", "cloudflare:node". */
const isOfRuntime = (specifier: string): boolean => /^[a-z]+:/.test(specifier);

/** Workspaces declare what they import; tests may also use the development packages of the top. */
const undeclaredOf = (files: readonly RepositoryFile[], file: RepositoryFile): Violation[] => {
  const workspace = /^(contract|server|cli)\//.exec(file.path)?.[1];
  const own = workspace ? declaredIn(files, `${workspace}/package.json`, isTest(file.path) ? ["dependencies", "devDependencies"] : ["dependencies"]) : [];
  const top = !workspace || isTest(file.path) ? declaredIn(files, "package.json", ["dependencies", "devDependencies"]) : [];
  // What is outside the workspaces speaks the contract, and parses with what the contract is made of.
  const declared = new Set([...own, ...top, ...(workspace ? [] : ["zod"]), ...builtinModules]);
  return importsOf(file.text)
    .filter(({ specifier }) => resolveFile(file.path, specifier) === undefined && !isOfRuntime(specifier))
    .filter(({ specifier }) => !declared.has(packageName(specifier)))
    .map(({ specifier }) => ({ path: file.path, message: `imports ${specifier}, which its package.json does not name` }));
};

export const declaredPackages: Rule = {
  name: "declared packages",
  check: (files) => files.filter(({ path }) => isCode(path)).flatMap((file) => undeclaredOf(files, file)),
  bad: [
    { path: "cli/package.json", text: '{ "dependencies": { "commander": "1" }, "devDependencies": { "ws": "1" } }' },
    { path: "cli/src/a.ts", text: 'import { b } from "zod/mini";' },
    { path: "cli/src/b.ts", text: 'import { b } from "ws";' },
  ],
  good: [
    { path: "cli/package.json", text: '{ "dependencies": { "commander": "1", "@a/b": "1" } }' },
    {
      path: "cli/src/a.ts",
      text: 'import { b } from "commander/extra";\nimport { c } from "@a/b/c";\nimport fs from "node:fs";\nimport { d } from "cloudflare:node";',
    },
  ],
};

/** Modules of Node whose import loads much that nobody uses, and where to have them from. */
const slow: Readonly<Record<string, string>> = { "node:http": "contract/src/node-http.ts" };

export const slowImports: Rule = {
  name: "slow imports",
  check: (files) =>
    files
      .filter(({ path }) => /^(contract|server|cli)\/src\//.test(path) && isCode(path) && !isTest(path) && !path.includes("/testing/"))
      .flatMap(({ path, text }) =>
        importsOf(text)
          .filter(({ specifier, isType }) => !isType && Object.hasOwn(slow, specifier))
          .map(({ specifier }) => ({ path, message: `imports ${specifier}, which takes long to load: see ${slow[specifier]}` })),
      ),
  bad: [{ path: "server/src/control/a.ts", text: 'import http from "node:http";' }],
  good: [
    { path: "server/src/control/a.ts", text: 'import type http from "node:http";' },
    { path: "server/src/control/a.test.ts", text: 'import http from "node:http";' },
  ],
};

/** A way from `start` back to itself along imports of values, or undefined. */
const cycleFrom = (start: string, edges: ReadonlyMap<string, readonly string[]>): string[] | undefined => {
  const seen = new Set<string>();
  const stack: string[][] = [[start]];
  for (let way = stack.pop(); way !== undefined; way = stack.pop()) {
    for (const next of edges.get(way.at(-1) ?? "") ?? []) {
      if (next === start) return [...way, next];
      if (!seen.has(next)) stack.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
};

export const cycles: Rule = {
  name: "import cycles",
  check: (files) => {
    const edges = new Map(
      files
        .filter(({ path }) => isCode(path))
        .map(({ path, text }) => {
          const targets = importsOf(text).map(({ specifier, isType }) => (isType ? undefined : resolveFile(path, specifier)));
          return [path, targets.filter((target) => target !== undefined)];
        }),
    );
    return [...edges.keys()].flatMap((path) => {
      const cycle = cycleFrom(path, edges);
      return cycle ? [{ path, message: `imports itself: ${cycle.join(" → ")}` }] : [];
    });
  },
  bad: [
    { path: "cli/src/a.ts", text: 'import { b } from "./b.ts";' },
    { path: "cli/src/b.ts", text: 'import { c } from "./c.ts";' },
    { path: "cli/src/c.ts", text: 'export { a } from "./a.ts";' },
  ],
  good: [
    { path: "cli/src/a.ts", text: 'import { b } from "./b.ts";' },
    { path: "cli/src/b.ts", text: 'import type { A } from "./a.ts";' },
  ],
};
