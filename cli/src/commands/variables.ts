// Variables and secrets as a user writes them: NAME=VALUE, NAME=@FILE, or NAME with the value from standard input.
import { readFileSync, statSync } from "node:fs";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { askHidden, readInput } from "../terminal/prompt.ts";

export type Assignment = { name: string; from: "text"; value: string } | { name: string; from: "file"; path: string } | { name: string; from: "input" };

/** Throws `usage` for a word without a proper name, and for a second value from standard input. */
export const assignmentsOf = (words: readonly string[]): Assignment[] => {
  const assignments = words.map(assignmentOf);
  if (assignments.filter(({ from }) => from === "input").length > 1) throw new SlipError("usage", "Only one value can come from standard input.");
  const names = assignments.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new SlipError("usage", `${twice} is given twice.`);
  return assignments;
};

const assignmentOf = (word: string): Assignment => {
  const at = word.indexOf("=");
  const name = at < 0 ? word : word.slice(0, at);
  const value = word.slice(at + 1);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new SlipError("usage", `"${name.slice(0, 40)}" is not a name of letters, digits and '_'.`, { next: "Write NAME=VALUE, NAME=@FILE, or NAME alone." });
  if (at < 0) return { name, from: "input" };
  return value.startsWith("@") ? { name, from: "file", path: value.slice(1) } : { name, from: "text", value };
};

const fileValue = (name: string, path: string): string => {
  try {
    if (statSync(path).size > limit("secretBytes")) throw new SlipError("too_large", `The value of ${name} has more than ${limit("secretBytes")} bytes.`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof SlipError) throw error;
    throw new SlipError("usage", `The file ${path.slice(0, 200)} for ${name} cannot be read.`, {
      next: `For a value that starts with '@', give it on standard input: slip … ${name}`,
    });
  }
};

const inputValue = async (name: string): Promise<string> => {
  if (process.stdin.isTTY) return askHidden(`Value of ${name} (not shown): `);
  const text = await readInput(limit("secretBytes"));
  if (text === undefined) throw new SlipError("too_large", `The value of ${name} has more than ${limit("secretBytes")} bytes.`);
  // A closed input is no value: a secret that is empty without a word would be found out much later.
  if (text === "") throw new SlipError("usage", `Nothing came on standard input for the value of ${name}.`, { next: `Write ${name}= for an empty value.` });
  return text.replace(/\r?\n$/, "");
};

/** The values that the words name. One line end at the end of standard input does not count; a file is taken as it is. */
export const valuesOf = async (words: readonly string[]): Promise<Record<string, string>> => {
  const values: Record<string, string> = {};
  for (const assignment of assignmentsOf(words)) {
    const { name } = assignment;
    if (assignment.from === "text") values[name] = assignment.value;
    else values[name] = assignment.from === "file" ? fileValue(name, assignment.path) : await inputValue(name);
  }
  return values;
};
