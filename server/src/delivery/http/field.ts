// One field line of an HTTP/1.1 head (RFC 9112 §5), read byte by byte. What is not exactly by the grammar is refused:
// a proxy that guesses is a proxy that can be smuggled through.

/** Where name and value of the line that was read last are, in the bytes it was read from. Reused: read it before the next line. */
export interface Field {
  nameStart: number;
  nameEnd: number;
  valueStart: number;
  valueEnd: number;
  /** The name holds "_", which some servers read as "-". */
  underscore: boolean;
}
export const newField = (): Field => ({ nameStart: 0, nameEnd: 0, valueStart: 0, valueEnd: 0, underscore: false });

export const CR = 13;
export const LF = 10;
export const SP = 32;
const TAB = 9;
const COLON = 58;
const UNDERSCORE = 95;

const table = (fits: (code: number) => boolean): Uint8Array => Uint8Array.from({ length: 256 }, (_, code) => (fits(code) ? 1 : 0));
/** Characters of a token (RFC 9110 §5.6.2): method and field names. */
export const tokenCharacters = table((code) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(String.fromCharCode(code)));
/** Characters of a field value (RFC 9110 §5.5): visible, space, tab, and the obsolete upper half. */
const valueCharacters = table((code) => code === TAB || (code >= SP && code !== 127));
/** Characters of a request target: visible; the upper half is passed on as it came. */
export const targetCharacters = table((code) => code > SP && code !== 127);

/** First index from `at` whose byte is not of `kind`. */
export const skip = (bytes: Uint8Array, kind: Uint8Array, at: number): number => {
  let index = at;
  while (kind[bytes[index] ?? 0] === 1) index += 1;
  return index;
};

const isSpace = (code: number | undefined): boolean => code === SP || code === TAB;

/** Reads the field line at `at` into `field`. Gives the index of the next line, or -1 when the line is not a field line. */
export const readField = (bytes: Uint8Array, at: number, field: Field): number => {
  let index = at;
  let underscore = false;
  for (let code = bytes[index] ?? 0; tokenCharacters[code] === 1; code = bytes[index] ?? 0) {
    if (code === UNDERSCORE) underscore = true;
    index += 1;
  }
  if (index === at || bytes[index] !== COLON) return -1;
  field.nameStart = at;
  field.nameEnd = index;
  field.underscore = underscore;
  index += 1;
  while (isSpace(bytes[index])) index += 1;
  field.valueStart = index;
  index = skip(bytes, valueCharacters, index);
  if (bytes[index] !== CR || bytes[index + 1] !== LF) return -1;
  let end = index;
  while (end > field.valueStart && isSpace(bytes[end - 1])) end -= 1;
  field.valueEnd = end;
  return index + 2;
};

/** Whether the bytes at `start` are `name`, which is lower case; letters compare without case. */
export const isName = (bytes: Uint8Array, start: number, name: string): boolean => {
  for (let index = 0; index < name.length; index += 1) {
    if (((bytes[start + index] ?? 0) | 0x20) !== name.charCodeAt(index)) return false;
  }
  return true;
};

/** A content length: digits alone, within what a double counts exactly. -1 for all else. */
export const readLength = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : -1);
