// One line as it lies on disk: a JSON object and a newline.
import { StringDecoder } from "node:string_decoder";
import { LogLine } from "@slipstream/contract/logs.ts";

const cutMark = "… (cut)";

/** The text, cut to `maxBytes` of UTF-8 without breaking a character. */
export const cutText = (text: string, maxBytes: number): string => {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  return new StringDecoder("utf8").write(Buffer.from(text).subarray(0, maxBytes)) + cutMark;
};

/** What all lines with the same tags begin with. */
export const headOf = ({ tenant, project, app, deployment, commit, instance, source }: LogLine): string =>
  JSON.stringify({ tenant, project, app, deployment, commit, instance, source }).slice(0, -1);

/** What comes after that. */
export const restOf = ({ time, stream, text }: LogLine, maxBytes: number): string =>
  `,"time":${JSON.stringify(time)},"stream":"${stream}","text":${JSON.stringify(cutText(text, maxBytes))}}\n`;

export const formatLine = (line: LogLine, maxBytes: number): string => headOf(line) + restOf(line, maxBytes);

/** The line that `text` holds, or undefined: a crash or a full disk may have torn it. */
export const parseLine = (text: string): LogLine | undefined => {
  if (!text.startsWith("{") || !text.endsWith("}")) return undefined;
  try {
    return LogLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
