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

interface Module {
  text: string;
  code: string;
}

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
  if (expression.startsWith("{")) return objectWithFetch.test(inside(expression, 0));
  if (routers.test(expression)) return routerPackages.test(module.text);
  const type = /^(?:abstract\s+)?class\b[^{]*/.exec(expression)?.[0];
  if (type !== undefined) return /\bextends\s+WorkerEntrypoint\b/.test(type) || classWithFetch.test(inside(expression, type.length));
  const head = /^(?:async\s*)?(?:function\s*[\w$]*\s*)?(?=\()/.exec(expression)?.[0];
  if (head !== undefined) return isNodeParameters(inside(expression, head.length));
  const name = /^([A-Za-z_$][\w$]*)\s*(?:;|\n|$|(?:satisfies|as)\b)/.exec(expression)?.[1];
  const bound = name === undefined || depth > 2 ? undefined : bindingOf(module, name.replaceAll("$", "\\$"));
  return bound !== undefined && answers(module, bound, depth + 1);
};

/** Words of programs that open a port themselves, or that are more than a module. */
const serverWords = /\b(?:listen|createServer|createSecureServer|serve|require\.main|import\.meta\.main)\b/;
const hiddenWords = /\[\s*["'`](?:listen|createServer|createSecureServer|serve)["'`]\s*\]/;

/** Whether the text opens a port, or could. */
export const opensPort = (text: string): boolean => serverWords.test(codeOf(text)) || hiddenWords.test(text);

/** Whether the default export is an object or a class with fetch(), a router that is one, or a function of Node's (req, res). */
export const exportsFunction = (text: string): boolean => {
  const module = { text, code: codeOf(text) };
  const renamed = /\bexport\s*\{[^}]*?\b([\w$]+)\s+as\s+default\b/.exec(module.code)?.[1];
  const expression = renamed ?? at(module.code, /\bexport\s+default\b\s*/) ?? at(module.code, /^\s*module\.exports\s*=(?!=)\s*/m);
  return expression !== undefined && answers(module, expression);
};
