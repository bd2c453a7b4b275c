// Variables and secrets as a user writes them: NAME=VALUE, NAME=@FILE, or NAME with the value from standard input.
import { isUtf8 } from "node:buffer";
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

const tooLarge = (name: string): SlipError =>
  new SlipError("too_large", `The value of ${name} has more than ${limit("secretBytes")} bytes.`, {
    next: "Keep what is larger in a file of the source, or where the app can fetch it.",
  });

const notText = (name: string): SlipError =>
  new SlipError("usage", `The value of ${name} is not text in UTF-8.`, { next: "Give it in base64, and let the app decode it." });

const fileValue = (name: string, path: string): string => {
  try {
    if (statSync(path).size > limit("secretBytes")) throw tooLarge(name);
    const bytes = readFileSync(path);
    // A variable is text: other bytes would become different ones on the way.
    if (!isUtf8(bytes) || bytes.includes(0)) throw notText(name);
    return bytes.toString();
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
  if (text === undefined) throw tooLarge(name);
  if (text.includes("\0")) throw notText(name);
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
