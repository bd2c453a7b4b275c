// Rules of a secret's value. Pure.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";

/** Throws `too_large` where all of an app's secrets have so many bytes together. */
export const checkTotal = (bytes: number): void => {
  if (bytes > limit("secretsBytes"))
    throw new SlipError("too_large", `The secrets of the app would have ${bytes} bytes together; ${limit("secretsBytes")} are allowed.`, {
      next: "Remove secrets that it does not need with 'slip secrets rm', or keep what is large where the app can fetch it.",
    });
};

/** Throws `too_large`, without the value. */
export const checkSizes = (values: Readonly<Record<string, string>>): void => {
  const large = Object.entries(values).find(([, value]) => Buffer.byteLength(value) > limit("secretBytes"));
  if (large)
    throw new SlipError("too_large", `The value of ${large[0]} is larger than ${limit("secretBytes")} bytes.`, {
      next: "Keep what is larger in a file of the source, or where the app can fetch it.",
    });
};
