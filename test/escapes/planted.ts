// Ten secrets that are hard to keep, and the texts that would give each of them away.
import { generateKeyPairSync, randomBytes } from "node:crypto";

const plain = `Zx9-plain-${randomBytes(6).toString("hex")}-7Q`;

export const planted: Readonly<Record<string, string>> = {
  PLAIN: plain,
  LINES: ["first", "second", "third"].map((word) => `${word} line ${randomBytes(6).toString("hex")}`).join("\n"),
  JSON_BREAKER: `q"uo\\te}{,\t${randomBytes(6).toString("hex")}'</script>`,
  LONG: randomBytes(3_072).toString("base64url"),
  SHORT: `k${randomBytes(8)
    .toString("base64")
    .replace(/[^A-Za-z]/g, "")
    .padEnd(5, "Wq")
    .slice(0, 4)}7`,
  UNICODE: `Gehëim☂日本語𝛑-${randomBytes(6).toString("hex")}`,
  LOOKS_ENCODED: `${randomBytes(20).toString("base64").slice(0, -1)}+/==`,
  FOR_URLS: `p@ss:w/rd?a=1&b=2#%20+${randomBytes(6).toString("hex")}`,
  HOLDS_ANOTHER: `before-${plain}-after-${randomBytes(6).toString("hex")}`,
  PEM: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
};

/** What base64 makes of a value wherever it stands in a longer text: the characters that it alone decides. */
const base64At = (value: string, before: number): string => {
  const bytes = Buffer.from(value);
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
};

const shapesOf = (value: string): string[] => {
  const encoded = [0, 1, 2].map((before) => base64At(value, before));
  const url = encoded.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  const hex = Buffer.from(value).toString("hex");
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), ...encoded, ...url, hex, hex.toUpperCase()];
};

/** The middle of a long text is enough to find it, also where its ends were cut. */
const middleOf = (text: string): string => (text.length <= 64 ? text : text.slice(text.length / 2 - 32, text.length / 2 + 32));

const isSecretLine = (line: string): boolean => line.length >= 8 && !line.startsWith("-----");

/** Texts without line ends, one of which is in everything that holds a planted value in a shape that is promised to be found. */
export const givingAway = (): string[] => {
  const parts = Object.values(planted).flatMap((value) => [value, ...value.split("\n").filter(isSecretLine)]);
  // Those of a PEM key are in every key of its kind.
  const beginnings = Object.values(planted)
    .map((value) => value.split("\n")[0] ?? "")
    .filter((line) => line.length > 20 && !line.startsWith("-----"))
    .map((line) => line.slice(0, 16));
  return [...new Set([...parts.flatMap(shapesOf).flatMap((shape) => (shape.includes("\n") ? [] : [middleOf(shape)])), ...beginnings])];
};
