// Rules of a secret's value. Pure.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";

/** Throws `too_large`, without the value. */
export const checkSizes = (values: Readonly<Record<string, string>>): void => {
  const large = Object.entries(values).find(([, value]) => Buffer.byteLength(value) > limit("secretBytes"));
  if (large)
    throw new SlipError("too_large", `The value of ${large[0]} is larger than ${limit("secretBytes")} bytes.`, {
      next: "Keep what is larger in a file of the source, or where the app can fetch it.",
    });
};
