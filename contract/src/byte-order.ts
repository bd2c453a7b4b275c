// The order that a tree's names have everywhere: that of their bytes in UTF-8, which is not that of JavaScript's strings.

/** All that is one byte in UTF-8. */
const ascii = /^[\0-\x7f]*$/;

/** A string whose code units are the bytes of `name`, so that strings compare as the bytes do. */
const bytesOf = (name: string): string => (ascii.test(name) ? name : Buffer.from(name).toString("latin1"));

const compare = (a: string, b: string): number => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};

/** A copy, sorted by the bytes of what `nameOf` gives. */
export const inByteOrder = <T>(items: readonly T[], nameOf: (item: T) => string): T[] =>
  items
    .map((item) => ({ item, bytes: bytesOf(nameOf(item)) }))
    .sort((a, b) => compare(a.bytes, b.bytes))
    .map(({ item }) => item);
