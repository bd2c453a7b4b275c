// Whether a module's default export answers requests, told by its text. Where that is not plain, it is none. Pure.
import { codeOf } from "./source-text.ts";

/** The inside of the bracket at `open`, without what is in brackets in it. */
const inside = (code: string, open: number): string => {
  let depth = 0;
  let text = "";
  for (const sign of code.slice(open)) {
    if (")]}".includes(sign)) depth -= 1;
    if (depth === 0 && text !== "" && ")]}".includes(sign)) break;
    if (depth === 1 || (depth === 0 && "([{".includes(sign))) text += sign;
    if ("([{".includes(sign)) depth += 1;
    if (depth === 0) break;
  }
  return text.slice(1);
};

const objectWithFetch = /(?:^|,)\s*(?:async\s+)?fetch\s*(?:[(:,]|$)/;
const classWithFetch = /(?:^|[;})])\s*(?:(?:public|override|async)\s+)*fetch\s*\(/;

/** Exactly what Node's own handlers are written with. */
const isNodeParameters = (parameters: string): boolean => /^\s*_?req(?:uest)?\s*(?::[^,]*)?,\s*_?res(?:ponse)?\s*(?::[^,]*)?,?\s*$/.test(parameters);

const routers = /^new\s+(?:Hono|OpenAPIHono)\b|^(?:AutoRouter|Router|IttyRouter)\s*[(<]/;
const routerPackages = /from\s*["'](?:hono(?:\/[\w-]+)?|@hono\/zod-openapi|itty-router)["']/;

/** A module's text, and the modules that its relative imports mean. */
export interface ModuleSource {
  text: string;
  follow(specifier: string): ModuleSource | undefined;
}
interface Module extends ModuleSource {
  code: string;
}
const depthMax = 4;

/** What a clause of an import or export names, each by the name after "as" and the one before. */
const pairsOf = (names: string): [name: string, before: string][] => {
  const first = /^[\w$]+/.exec(names)?.[0];
  const listed = (/\{([^}]*)\}/.exec(names)?.[1] ?? "").split(",").flatMap((part): [string, string][] => {
    const [, before, name = before] = /^\s*([\w$]+)(?:\s+as\s+([\w$]+))?\s*$/.exec(part) ?? [];
    return before === undefined || name === undefined ? [] : [[name, before]];
  });
  return first === undefined ? listed : [[first, "default"], ...listed];
};

/** From which other module of the source a name is, and its name there. */
const elsewhere = (module: Module, keyword: "import" | "export", name: string): { module: ModuleSource; name: string } | undefined => {
  const clauses = module.code.matchAll(new RegExp(`\\b${keyword}\\s*((?:[\\w$]+\\s*,?\\s*)?(?:\\{[^}]*\\})?)\\s*from\\b`, "g"));
  for (const { 0: clause, 1: names = "", index } of clauses) {
    const before = pairsOf(names).find(([after]) => after === name)?.[1];
    const specifier = /^\s*["'](\.[^"'\n]*)["']/.exec(module.text.slice(index + clause.length, index + clause.length + 1_024))?.[1];
    const other = before === undefined || specifier === undefined ? undefined : module.follow(specifier);
    if (before !== undefined && other !== undefined) return { module: other, name: before };
  }
  return undefined;
};

const at = (code: string, pattern: RegExp): string | undefined => {
  const found = pattern.exec(code);
  return found ? code.slice(found.index + found[0].length) : undefined;
};

/** What a name of the module stands for, as the code from there on. */
const bindingOf = ({ code }: Module, name: string): string | undefined =>
  at(code, new RegExp(`\\b(?:const|let|var)\\s+${name}\\s*(?::[^=;]+)?=(?!=)\\s*`)) ??
  at(code, new RegExp(`(?=\\b(?:async\\s+)?function\\s+${name}\\s*\\()`)) ??
  at(code, new RegExp(`(?=\\bclass\\s+${name}\\b)`));

const answers = (module: Module, expression: string, depth = 0): boolean => {
  if (depth > depthMax) return false;
  if (expression.startsWith("{")) return isAnsweringObject(module, inside(expression, 0), depth);
  if (routers.test(expression)) return routerPackages.test(module.text);
  const type = /^(?:abstract\s+)?class\b[^{]*/.exec(expression)?.[0];
  if (type !== undefined) return /\bextends\s+WorkerEntrypoint\b/.test(type) || classWithFetch.test(inside(expression, type.length));
  const head = /^(?:async\s*)?(?:function\s*[\w$]*\s*)?(?=\()/.exec(expression)?.[0];
  if (head !== undefined) return isNodeParameters(inside(expression, head.length));
  const name = /^([A-Za-z_$][\w$]*)\s*(?:;|\n|$|(?:satisfies|as)\b)/.exec(expression)?.[1];
  if (name === undefined) return false;
  const bound = bindingOf(module, name.replaceAll("$", "\\$"));
  if (bound !== undefined) return answers(module, bound, depth + 1);
  const imported = elsewhere(module, "import", name);
  return imported !== undefined && exportAnswers(imported.module, imported.name, depth + 1);
};

/** One with fetch(), or made of another that answers. */
const isAnsweringObject = (module: Module, members: string, depth: number): boolean =>
  objectWithFetch.test(members) || [...members.matchAll(/(?:^|,)\s*\.\.\.\s*([\w$]+)\s*(?=,|$)/g)].some(([, name = ""]) => answers(module, name, depth + 1));

const exportAnswers = (source: ModuleSource, name: string, depth: number): boolean => {
  const module = { ...source, code: codeOf(source.text) };
  const other = depth > depthMax ? undefined : elsewhere(module, "export", name);
  if (other !== undefined) return exportAnswers(other.module, other.name, depth + 1);
  const expression = name === "default" ? defaultOf(module) : name;
  return expression !== undefined && answers(module, expression, depth);
};

const defaultOf = ({ code }: Module): string | undefined =>
  /\bexport\s*\{[^}]*?\b([\w$]+)\s+as\s+default\b/.exec(code)?.[1] ?? at(code, /\bexport\s+default\b\s*/) ?? at(code, /^\s*module\.exports\s*=(?!=)\s*/m);

/** Words of programs that open a port themselves, or that are more than a module. */
const serverWords = /\b(?:listen|createServer|createSecureServer|serve|require\.main|import\.meta\.main)\b/;
const hiddenWords = /\[\s*["'`](?:listen|createServer|createSecureServer|serve)["'`]\s*\]/;

/** Whether the text opens a port, or could. */
export const opensPort = (text: string): boolean => serverWords.test(codeOf(text)) || hiddenWords.test(text);

/** Whether the default export is an object or a class with fetch(), a router that is one, or a function of Node's (req, res). */
export const exportsFunction = (source: ModuleSource): boolean => exportAnswers(source, "default", 0);
