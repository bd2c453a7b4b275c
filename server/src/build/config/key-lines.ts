// The line of each key of a TOML document.
import type { AST } from "toml-eslint-parser";

export interface KeyLines {
  /** The line of a key, or of the nearest key above it that is written in the file; 1 when none is. */
  of(path: readonly PropertyKey[]): number;
}

type Part = string | number;
const nameOf = (part: AST.TOMLBare | AST.TOMLQuoted): string => (part.type === "TOMLBare" ? part.name : part.value);
const idOf = (path: readonly PropertyKey[]): string => JSON.stringify(path.map(String));

export const keyLines = (program: AST.TOMLProgram): KeyLines => {
  const lines = new Map<string, number>();
  const note = (path: readonly Part[], line: number): void => {
    if (!lines.has(idOf(path))) lines.set(idOf(path), line);
  };
  const visitValue = (path: readonly Part[], value: AST.TOMLContentNode): void => {
    if (value.type === "TOMLInlineTable") for (const pair of value.body) visitPair(path, pair);
    if (value.type === "TOMLArray")
      for (const [index, element] of value.elements.entries()) {
        note([...path, index], element.loc.start.line);
        visitValue([...path, index], element);
      }
  };
  const visitPair = (parent: readonly Part[], { key, value }: AST.TOMLKeyValue): void => {
    let path = parent;
    for (const part of key.keys) {
      path = [...path, nameOf(part)];
      note(path, part.loc.start.line);
    }
    visitValue(path, value);
  };
  for (const node of program.body[0].body) {
    if (node.type === "TOMLKeyValue") visitPair([], node);
    else {
      for (let length = 1; length <= node.resolvedKey.length; length += 1) note(node.resolvedKey.slice(0, length), node.loc.start.line);
      for (const pair of node.body) visitPair(node.resolvedKey, pair);
    }
  }
  return {
    of(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const line = lines.get(idOf(path.slice(0, length)));
        if (line !== undefined) return line;
      }
      return 1;
    },
  };
};
