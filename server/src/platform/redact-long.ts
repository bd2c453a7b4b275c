// Finds what a text has of long secrets, of which a line rarely holds all: by pieces of one length, whose hashes roll over the text
// (Karp and Rabin, 1987). A tree of all their characters, as short secrets have it, would take hundreds of bytes for each.
import { randomInt } from "node:crypto";
import type { Range } from "./redact-matcher.ts";

/** Whatever has so many characters of a secret twice over has a whole piece of it. */
export const pieceLength = 32;

/** Hashes are those of a polynomial, modulo 2^32. The base is odd, and another in each process: nobody can write secrets whose pieces have one hash. */
const base = randomInt(2 ** 20, 2 ** 30) * 2 + 1;
const highest = Array.from({ length: pieceLength - 1 }).reduce<number>((power) => Math.imul(power, base), 1);

const hashOf = (text: string, at: number): number => {
  let hash = 0;
  for (let index = at; index < at + pieceLength; index += 1) hash = (Math.imul(hash, base) + text.charCodeAt(index)) | 0;
  return hash;
};

const rolled = (hash: number, before: number, after: number): number => (Math.imul(hash - Math.imul(before, highest), base) + after) | 0;

interface Piece {
  of: string;
  at: number;
}

const isAt = (text: string, from: number, { of, at }: Piece): boolean => {
  for (let index = 0; index < pieceLength; index += 1) if (text.charCodeAt(from + index) !== of.charCodeAt(at + index)) return false;
  return true;
};

/** As far to both sides as text and secret are the same, but not before `from`. */
const grown = (text: string, start: number, { of, at }: Piece, from: number): Range => {
  let before = 0;
  while (before < at && start - before > from && text.charCodeAt(start - before - 1) === of.charCodeAt(at - before - 1)) before += 1;
  let after = pieceLength;
  while (at + after < of.length && start + after < text.length && text.charCodeAt(start + after) === of.charCodeAt(at + after)) after += 1;
  return { start: start - before, end: start + after };
};

/** Those of the same characters are one. */
const piecesOf = (secrets: Iterable<string>): Map<number, Piece[]> => {
  const pieces = new Map<number, Piece[]>();
  for (const of of secrets)
    for (let at = 0; at + pieceLength <= of.length; at += pieceLength) {
      const hash = hashOf(of, at);
      const same = pieces.get(hash);
      if (same === undefined) pieces.set(hash, [{ of, at }]);
      else if (!same.some((piece) => isAt(of, at, piece))) same.push({ of, at });
    }
  return pieces;
};

/** A function that gives the ranges of a text that hold `pieceLength` characters of a secret or more, in order and apart; of less than twice that it may miss some. */
export const longMatcherOf = (secrets: Iterable<string>): ((text: string) => Range[]) => {
  const pieces = piecesOf(secrets);
  /** Whether any piece's hash begins so: most of a text is told apart by this alone. */
  const beginnings = new Uint8Array(2 ** 16);
  for (const hash of pieces.keys()) beginnings[hash >>> 16] = 1;
  return (text) => {
    const ranges: Range[] = [];
    if (pieces.size === 0 || text.length < pieceLength) return ranges;
    let covered = 0;
    let hash = hashOf(text, 0);
    for (let start = 0; ; start += 1) {
      const isLike = beginnings[hash >>> 16] === 1 && start + pieceLength > covered;
      const found = isLike ? pieces.get(hash)?.find((piece) => isAt(text, start, piece)) : undefined;
      if (found) {
        const range = grown(text, start, found, covered);
        const last = ranges.at(-1);
        if (last && last.end >= range.start) last.end = range.end;
        else ranges.push(range);
        covered = range.end;
      }
      if (start + pieceLength >= text.length) return ranges;
      hash = rolled(hash, text.charCodeAt(start), text.charCodeAt(start + pieceLength));
    }
  };
};
