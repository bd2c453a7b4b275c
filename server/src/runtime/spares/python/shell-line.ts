// `/bin/sh -c 'exec PROGRAM …'`, as artifacts start a program where a word of its command is a variable: what the shell would begin. Pure.
import type { Program } from "../waiting-runtime.ts";

/** A word in parts: as it is, between quotes, or a variable. Any other character may mean more to a shell. */
const parts = /([\w@%+:,./=-]+)|'([^']*)'|"((?:[^"\\$`]|\$\w+|\$\{\w+\})*)"|\$(\w+)|\$\{(\w+)\}/y;
const plain = /^[\w@%+:,./=-]+$/;
const name = /^[A-Za-z_]\w*$/;
/** A shell sets these, or does not hand them on as they are. */
const ofShell = /^(?:_|IFS|LINENO|OLDPWD|OPTIND|PPID|PS[124]|PWD)$/;

type Variables = Program["env"];

const isOfProgram = (variable: string): boolean => name.test(variable) && !ofShell.test(variable);

/** Undefined where a shell would not put in exactly that. */
const textOf = (variable: string, env: Variables): string | undefined => (isOfProgram(variable) ? (env[variable] ?? "") : undefined);

const quoted = (text: string, env: Variables): string | undefined => {
  const named = [...text.matchAll(/\$\{?(\w+)\}?/g)].map(([, variable = ""]) => textOf(variable, env));
  if (named.includes(undefined)) return undefined;
  return text.replace(/\$\{?(\w+)\}?/g, (_, variable: string) => textOf(variable, env) ?? "");
};

/** Without quotes a value becomes as many words as it has. */
const unquoted = (variable: string, env: Variables): string | undefined => {
  const value = textOf(variable, env);
  return value !== undefined && plain.test(value) ? value : undefined;
};

/** The text of one word from `at` on, and where it ends. */
const wordAt = (line: string, at: number, env: Variables): { word: string; end: number } | undefined => {
  let [word, end] = ["", at];
  while (end < line.length && !/[ \t]/.test(line[end] ?? "")) {
    parts.lastIndex = end;
    const found = parts.exec(line);
    if (!found) return undefined;
    const [all, bare, single, double, variable, braced] = found;
    const text = bare ?? single ?? (double === undefined ? unquoted(variable ?? braced ?? "", env) : quoted(double, env));
    if (text === undefined) return undefined;
    word += text;
    end += all.length;
  }
  return { word, end };
};

const wordsOf = (line: string, env: Variables): string[] | undefined => {
  const words: string[] = [];
  for (let at = 0; at < line.length; ) {
    const next = wordAt(line, at, env);
    if (!next) return undefined;
    words.push(next.word);
    at = next.end + (/^[ \t]*/.exec(line.slice(next.end))?.[0].length ?? 0);
  }
  return words;
};

/** What dash would become; the program itself where it is no such line, undefined where it is a line that does more. */
export const shellBegins = (program: Program): Program | undefined => {
  const { args, env, cwd } = program;
  const [shell, option, line = "", ...more] = args;
  if (shell !== "/bin/sh") return program;
  if (option !== "-c" || more.length > 0 || !line.startsWith("exec ") || !Object.keys(env).every(isOfProgram)) return undefined;
  const words = wordsOf(line.slice("exec ".length).trim(), env);
  const [first = ""] = words ?? [];
  return words && plain.test(first) && !/^-|=/.test(first) ? { args: words, env: { ...env, PWD: cwd }, cwd } : undefined;
};
