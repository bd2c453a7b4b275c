// Text that PostgreSQL cannot hold: NUL, and halves of a character. JSON can write both down.

const isStorable = (text: string): boolean => !text.includes("\0") && text.isWellFormed();

/** The contents of files become a tree on the disk, which holds any bytes. */
const isContent = (key: string, path: readonly string[]): boolean =>
  (key === "text" && path.at(-2) === "files") || (key === "code" && path.at(-1) === "source");

/** Of all that there is, contents too: most inputs are found good by this alone, and a manifest of 100,000 files holds nobody up. */
const isAllStorable = (value: unknown): boolean => {
  if (typeof value === "string") return isStorable(value);
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isAllStorable);
  for (const key in value) if (!isStorable(key) || !isAllStorable((value as Record<string, unknown>)[key])) return false;
  return true;
};

const find = (value: unknown, path: readonly string[]): string | undefined => {
  if (typeof value === "string") return isStorable(value) ? undefined : path.join(".");
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, part] of Object.entries(value)) {
    if (!isStorable(key)) return path.join(".") || "input";
    const found = isContent(key, path) ? undefined : find(part, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** The path of the first text, or key, of an input that cannot be stored; undefined where there is none. */
export const unstorable = (value: unknown): string | undefined => (isAllStorable(value) ? undefined : find(value, []));
