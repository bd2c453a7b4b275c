// Ids that sort by when they were made: a prefix, 10 characters of milliseconds and 16 of randomness, in Crockford's base 32 (as
// ULID does). A later one is always greater: where the clock was set back, their milliseconds go on from the last one's.
import { randomBytes } from "node:crypto";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

let lastMs = 0;

/** Every id from now on is greater than `id`, an earlier process's. */
export const continueIds = (id: string): void => {
  const stamp = id.slice(id.indexOf("_") + 1).slice(0, 10);
  lastMs = Math.max(
    lastMs,
    [...stamp].reduce((ms, character) => ms * 32 + Math.max(0, alphabet.indexOf(character)), 0),
  );
};

/** `nowMs` says otherwise what time it is. */
export const newId = (prefix: string, nowMs = Date.now()): string => {
  lastMs = Math.max(nowMs, lastMs + 1);
  let time = lastMs;
  let stamp = "";
  for (let index = 0; index < 10; index += 1) {
    stamp = alphabet.charAt(time % 32) + stamp;
    time = Math.floor(time / 32);
  }
  return `${prefix}_${stamp}${Array.from(randomBytes(16), (byte) => alphabet.charAt(byte % 32)).join("")}`;
};

/** An id that is the same for the same hash; it does not tell when it was made. */
export const idOf = (prefix: string, hash: Buffer): string => `${prefix}_${Array.from(hash.subarray(0, 26), (byte) => alphabet.charAt(byte % 32)).join("")}`;
