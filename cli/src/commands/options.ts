// Values of options and arguments, read with a sentence for what they cannot be.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { OptionValues } from "../command.ts";

/** The text of an option; undefined when it was not given. */
export const textOf = (options: OptionValues, name: string): string | undefined => {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
};

/** A whole number of at least 1 that `what` names. Throws `usage`. */
export const countOf = (text: string | undefined, what: string): number | undefined => {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new SlipError("usage", `${what} is "${text.slice(0, 40)}", which is not a whole number of at least 1.`);
  return Number(text);
};
