// The names of variables and secrets: those that are there, and those that none may have.
import { isReserved } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";

const listedBy = { variable: "slip env list", secret: "slip secrets list" } as const;

/** Throws `not_found` for names that are not among those that the app has. */
export const expectNames = (has: readonly string[], names: readonly string[], what: keyof typeof listedBy): void => {
  const unknown = names.filter((name) => !has.includes(name));
  if (unknown.length > 0)
    throw new SlipError("not_found", `The app has no ${what} ${unknown.join(", ")}.`, { next: `List those that it has with '${listedBy[what]} APP'.` });
};

/** Throws `invalid_input` for a reserved name. */
export const checkNames = (names: readonly string[]): void => {
  const reserved = names.filter(isReserved);
  if (reserved.length > 0)
    throw new SlipError("invalid_input", `${reserved.join(", ")} is set by the platform.`, {
      next: "Choose another name; for the port, set [run] port in slip.toml.",
    });
};
