// Names that the platform sets itself, and that no variable or secret may have.
import { SlipError } from "@slipstream/contract/errors.ts";

const isReserved = (name: string): boolean => name === "PORT" || name.startsWith("SLIP_");

/** Throws `invalid_input` for a reserved name. */
export const checkNames = (names: readonly string[]): void => {
  const reserved = names.filter(isReserved);
  if (reserved.length > 0)
    throw new SlipError("invalid_input", `${reserved.join(", ")} is set by the platform.`, {
      next: "Choose another name; for the port, set [run] port in slip.toml.",
    });
};
