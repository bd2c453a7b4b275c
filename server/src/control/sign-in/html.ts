// HTML of templates: what is put in is text, unless it was made here too.
const made = Symbol("html");

export interface Html {
  readonly [made]: string;
}

type Part = Html | string | number | undefined | readonly Part[];

const signs: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => signs[sign] ?? "");

const textOf = (part: Part): string => {
  if (part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escaped(String(part));
  return made in part ? part[made] : part.map(textOf).join("");
};

export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  [made]: texts.map((text, index) => text + textOf(parts[index])).join(""),
});

export const sourceOf = (of: Html): string => of[made];
