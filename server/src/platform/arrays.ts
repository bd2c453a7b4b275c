// PostgreSQL's texts of the arrays that we send and read, which the library would otherwise ask the server for on each new connection.

/** `{"a","b"}`; a backslash takes its meaning from a quotation mark or another backslash. */
export const serializeTexts = (texts: readonly string[]): string => `{${texts.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;

/** The server quotes only what needs it. No text of ours is null. */
export const parseTexts = (array: string): string[] =>
  [...array.matchAll(/"((?:[^"\\]|\\.)*)"|([^,{}]+)/gs)].map(([, quoted, plain = ""]) => quoted?.replace(/\\(.)/gs, "$1") ?? plain);

/** `{1,2}` */
export const serializeIntegers = (integers: readonly number[]): string => `{${integers.join(",")}}`;

export const parseIntegers = (array: string): number[] => parseTexts(array).map(Number);
