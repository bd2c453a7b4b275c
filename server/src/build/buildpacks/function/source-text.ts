// JavaScript and TypeScript without what only looks like code: comments, and the insides of strings and regular expressions. Pure.

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

/** What stands at the beginning of `rest`, as one piece of no code; a string that does not end ends with its line. */
const opaque = /^(?:\/\/.*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\[\s\S])*["\n]?|'(?:[^'\\\n]|\\[\s\S])*['\n]?)/;
const regularExpression = /^\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/;
const templateText = /^(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/;

/** Whether a '/' after this code begins a regular expression, and does not divide. */
const beginsExpression = (before: string): boolean =>
  /(?:^|[=(,:;[!&|?{}+\-*%~^<>])\s*$|\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield|default)\s*$/.test(before.slice(-40));

interface State {
  code: string;
  /** Braces that are open in each `${` of templates, the innermost last. */
  templates: number[];
}

/** Reads the text of a template up to its end, or up to code in it; gives how many characters that were. */
const readTemplate = (state: State, rest: string): number => {
  const text = templateText.exec(rest)?.[0] ?? "";
  const isCode = rest.startsWith("${", text.length);
  if (isCode) state.templates.push(0);
  state.code += blank(text) + (isCode ? "${" : rest.slice(text.length, text.length + 1));
  return text.length + (isCode ? 2 : 1);
};

const readPiece = (state: State, rest: string): number => {
  const found = opaque.exec(rest)?.[0] ?? (rest[0] === "/" && beginsExpression(state.code) ? regularExpression.exec(rest)?.[0] : undefined);
  if (found !== undefined) {
    state.code += blank(found);
    return found.length;
  }
  const sign = rest.charAt(0);
  const depth = state.templates.at(-1);
  state.code += sign;
  if (sign === "`") return 1 + readTemplate(state, rest.slice(1));
  if (depth === undefined) return 1;
  if (sign === "}" && depth === 0) {
    state.templates.pop();
    return 1 + readTemplate(state, rest.slice(1));
  }
  state.templates[state.templates.length - 1] = depth + (sign === "{" ? 1 : sign === "}" ? -1 : 0);
  return 1;
};

/** The code alone: as long as the text, and each sign where it was. */
export const codeOf = (text: string): string => {
  const state: State = { code: "", templates: [] };
  // Runs of plain signs are taken at once.
  for (let at = 0; at < text.length; ) {
    const plain = /^[^"'`/{}]+/.exec(text.slice(at, at + 4_096))?.[0] ?? "";
    state.code += plain;
    at += plain.length;
    if (at < text.length && plain.length < 4_096) at += readPiece(state, text.slice(at));
  }
  return state.code;
};

/** JSON with comments and commas before closing brackets, as JSON. */
export const plainJson = (text: string): string =>
  text
    .replace(/"(?:[^"\\]|\\.)*"|\/\/.*|\/\*[\s\S]*?\*\//g, (found) => (found.startsWith('"') ? found : blank(found)))
    .replace(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, (found) => (found === "," ? " " : found));
