// The shapes in which a secret's value can turn up in a log: as it is, and as programs commonly encode it.

/** Lines of a value with several lines (a PEM key) are secrets of their own; shorter ones, such as "}", are not. */
const lineLength = 8;

/** The characters of base64 that the value alone decides, when `before` bytes (0–2) come before it in its group of three. */
const base64Core = (value: Buffer, before: 0 | 1 | 2): string => {
  const encoded = Buffer.concat([Buffer.alloc(before), value]).toString("base64");
  const firstOwn = Math.ceil((before * 8) / 6);
  const lastOwn = Math.floor(((before + value.length) * 8) / 6);
  return encoded.slice(firstOwn, lastOwn);
};

const base64Forms = (value: string): string[] => {
  const bytes = Buffer.from(value);
  const standard = ([0, 1, 2] as const).map((before) => base64Core(bytes, before));
  return [...standard, ...standard.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
};

const percentForms = (value: string): string[] => {
  const encoded = encodeURIComponent(value.toWellFormed());
  const strict = encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const upper = [encoded, strict, encoded.replaceAll("%20", "+"), encodeURI(value.toWellFormed())];
  return [...upper, ...upper.map((form) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
};

const escapedForms = (value: string): string[] => {
  const json = JSON.stringify(value).slice(1, -1);
  const ascii = json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const html = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  return [json, ascii, json.replaceAll("/", "\\/"), JSON.stringify(json).slice(1, -1), html, html.replaceAll("'", "&#39;"), json.replaceAll("'", "\\'")];
};

const hexForms = (value: string): string[] => {
  const hex = Buffer.from(value).toString("hex");
  return [hex, hex.toUpperCase()];
};

/** Every text that gives `value` away, none shorter than four characters. `value` has at least four. */
export const formsOf = (value: string): Set<string> => {
  const lines = value.includes("\n") ? value.split(/\r?\n/).filter((line) => line.length >= lineLength) : [];
  const plain = [value, ...lines];
  const forms = plain.flatMap((text) => [text, ...base64Forms(text), ...percentForms(text), ...escapedForms(text), ...hexForms(text)]);
  return new Set(forms.filter((form) => form.length >= 4));
};
