// TOML that a stranger wrote, as values.
import { type AST, getStaticTOMLValue, ParseError, parseTOML, traverseNodes } from "toml-eslint-parser";

/** The parser gives a table's key to an object as it is, and by this one whoever wrote it would write to all objects of the process. */
const forbidden = "__proto__";

const isForbidden = (node: AST.TOMLNode): boolean =>
  (node.type === "TOMLBare" && node.name === forbidden) || (node.type === "TOMLQuoted" && node.value === forbidden);

const refusalOf = ({ range, loc }: AST.TOMLNode): ParseError => {
  const error = new ParseError("dupe-keys", range[0], loc.start.line, loc.start.column);
  error.message = `No key can be ${forbidden}`;
  return error;
};

/** Throws `ParseError`, also for a key that nothing of ours has and that is dangerous. Pure. */
export const readToml = (text: string): { program: AST.TOMLProgram; value: unknown } => {
  const program = parseTOML(text);
  traverseNodes(program, {
    enterNode(node) {
      if (isForbidden(node)) throw refusalOf(node);
    },
    leaveNode() {},
  });
  return { program, value: getStaticTOMLValue(program) };
};
