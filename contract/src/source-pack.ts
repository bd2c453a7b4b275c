// The contents of many small files in one body: each after its length in bytes, which is four bytes, the highest first.
import { SlipError } from "./errors.ts";
import { limit } from "./limits.ts";

const lengthBytes = 4;

/** What a content takes in a pack. */
export const packedBytes = (content: Buffer): number => lengthBytes + content.length;

export const packContents = (contents: readonly Buffer[]): Buffer =>
  Buffer.concat(
    contents.flatMap((content) => {
      const length = Buffer.alloc(lengthBytes);
      length.writeUInt32BE(content.length);
      return [length, content];
    }),
  );

/** The reverse. Throws `invalid_input` for a pack that ends within a content, and `too_large` for one of more contents than are allowed. */
export const unpackContents = (pack: Buffer): Buffer[] => {
  const contents: Buffer[] = [];
  for (let at = 0; at < pack.length; ) {
    const start = at + lengthBytes;
    const end = start <= pack.length ? start + pack.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > pack.length) throw new SlipError("invalid_input", "The pack of contents ends within one.");
    if (contents.length === limit("sourcePackFiles")) throw new SlipError("too_large", `The pack holds more than ${contents.length} contents.`);
    contents.push(pack.subarray(start, end));
    at = end;
  }
  return contents;
};
