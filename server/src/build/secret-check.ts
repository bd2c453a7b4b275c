// A value that a build was given in confidence may not be in what it makes: layers are kept, shared and copied elsewhere.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { ContentCheck } from "#platform/oci/pack.ts";

/** Shorter values are in large trees by chance. */
const certainLength = 12;

/** The characters of base64 that the value alone decides, wherever it stands in a longer text: `before` bytes come first in its group of three. */
const inBase64 = (bytes: Buffer, before: number): string => {
  const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
};

/** As programs write it into a file. */
const shapesOf = (value: string): string[] => {
  const bytes = Buffer.from(value);
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed()), ...[0, 1, 2].map((before) => inBase64(bytes, before))];
};

const refusal = (path: string, secret: string, app: string): SlipError => {
  // The name is a stranger's: one that could be anything else than a name is not repeated.
  const name = /^app\/([\w@./+-]{1,200})$/.exec(path)?.[1];
  const file = name ?? "A file";
  return new SlipError("secret_in_artifact", `${file} holds the value of the secret ${secret}: who has the artifact could read it.`, {
    cause: `The build has written the value of ${secret} to ${name ?? "a file"}.`,
    next: [
      `Let the build remove ${name ?? "that file"} when it is done, or not write the value of ${secret} to it.`,
      `If everybody may know the value, make it a variable: 'slip secrets rm ${app} ${secret}', then 'slip env set ${app} ${secret}=VALUE'.`,
    ],
    ...(name === undefined ? {} : { file: name }),
  });
};

/** Throws `secret_in_artifact` for a file with one of the values; undefined where there is none that is long enough to be found. */
export const secretCheck = (secrets: Readonly<Record<string, string>>, app: string): ContentCheck | undefined => {
  const known = Object.entries(secrets).map(([name, value]): [string, string] => [name, value.trim()]);
  const needles = known
    .filter(([, value]) => value.length >= certainLength)
    .flatMap(([name, value]) => [...new Set(shapesOf(value))].map((shape) => ({ name, bytes: Buffer.from(shape) })));
  if (needles.length === 0) return undefined;
  return {
    overlapBytes: Math.max(...needles.map(({ bytes }) => bytes.length)) - 1,
    check(path, content) {
      const found = needles.find(({ bytes }) => content.includes(bytes));
      if (found) throw refusal(path, found.name, app);
    },
  };
};
