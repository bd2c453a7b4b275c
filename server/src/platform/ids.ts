// Ids that sort by time: a prefix, 10 characters of milliseconds and 16 of randomness, in Crockford's base 32 (as ULID does).
import { randomBytes } from "node:crypto";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

export const newId = (prefix: string): string => {
  let time = Date.now();
  let stamp = "";
  for (let index = 0; index < 10; index += 1) {
    stamp = alphabet.charAt(time % 32) + stamp;
    time = Math.floor(time / 32);
  }
  return `${prefix}_${stamp}${Array.from(randomBytes(16), (byte) => alphabet.charAt(byte % 32)).join("")}`;
};
