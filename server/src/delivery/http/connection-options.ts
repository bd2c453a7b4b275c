// What a Connection field says (RFC 9110 §7.6.1), and what it takes away from a head.

export interface ConnectionOptions {
  close: boolean;
  upgrade: boolean;
  /** Names of fields that are for this hop alone, in lower case. */
  fields: ReadonlySet<string>;
}

/** Each option is looked for in the whole head: who names more means to keep the edge busy. */
const optionsMax = 32;

/** Reads the value of a Connection field, or undefined where it has more options than anybody needs. Pure. */
export const readConnection = (value: string): ConnectionOptions | undefined => {
  const options = value.toLowerCase().split(",", optionsMax + 1);
  if (options.length > optionsMax) return undefined;
  const fields = new Set(options.map((option) => option.trim()));
  const [close, upgrade] = [fields.delete("close"), fields.delete("upgrade")];
  for (const option of ["keep-alive", ""]) fields.delete(option);
  return { close, upgrade, fields };
};

/** Field lines without those of these names. Pure. */
export const withoutFields = (lines: string, names: ReadonlySet<string>): string => {
  if (names.size === 0) return lines;
  const isKept = (line: string): boolean => !names.has(line.slice(0, line.indexOf(":")).toLowerCase());
  return lines.split("\r\n").filter(isKept).join("\r\n");
};
