// Lines as they lie on disk. A JSON object with the tags of all that follow it, then one for each line with what differs: `{"tenant":…}`, then
// `{"time":…,"stream":…,"text":…}`. Also a line with its tags in one object is read, as all were written before, and as a notice of loss is.
import { StringDecoder } from "node:string_decoder";
import { LogLine, type LogTags } from "@slipstream/contract/logs.ts";

const cutMark = "… (cut)";

/** The text, cut to `maxBytes` of UTF-8 without breaking a character. */
export const cutText = (text: string, maxBytes: number): string => {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  return new StringDecoder("utf8").write(Buffer.from(text).subarray(0, maxBytes)) + cutMark;
};

export type LineTags = LogTags & Pick<LogLine, "source">;

/** What stands before all lines with the same tags. */
export const tagsLineOf = ({ tenant, project, app, deployment, commit, instance, source }: LineTags): string =>
  `${JSON.stringify({ tenant, project, app, deployment, commit, instance, source })}\n`;

/** Lines on their way to the disk. */
export class LineText {
  #all = "";
  #tags = "";
  #time = "";
  #stream = "";
  #beginning = "";

  /** Whole lines, the first with its tags before it. */
  get all(): string {
    return this.#all;
  }

  add(tags: string, { time, stream, text }: Pick<LogLine, "time" | "stream" | "text">): void {
    if (tags !== this.#tags) {
      this.#all += tags;
      this.#tags = tags;
    }
    if (time !== this.#time || stream !== this.#stream) {
      this.#time = time;
      this.#stream = stream;
      this.#beginning = `{"time":${JSON.stringify(time)},"stream":"${stream}","text":`;
    }
    this.#all += `${this.#beginning + JSON.stringify(text)}}\n`;
  }
}

/** A line with its tags, as one object. */
export const formatLine = (line: LogLine, maxBytes: number): string => {
  const { time, stream, text } = line;
  return `${tagsLineOf(line).slice(0, -2)},"time":${JSON.stringify(time)},"stream":"${stream}","text":${JSON.stringify(cutText(text, maxBytes))}}\n`;
};

/** Tags alone: no text can end so, for its quotes have a backslash before them. */
const isTags = (raw: string): boolean => raw.endsWith('"}') && /,"source":"[a-z]+"\}$/.test(raw.slice(-32));

/** Lines of a segment, each as one object with the tags that stood before it. `tags` are those of what came before, "" where nothing did. */
export const withTags = (raw: readonly string[], tags: string): { lines: string[]; tags: string } => {
  const lines: string[] = [];
  let before = tags;
  for (const line of raw) {
    if (line.startsWith('{"time":')) lines.push(`${before},${line.slice(1)}`);
    else if (isTags(line)) before = line.slice(0, -1);
    else lines.push(line);
  }
  return { lines, tags: before };
};

/** The line that `text` holds, or undefined: a crash or a full disk may have torn it. */
export const parseLine = (text: string): LogLine | undefined => {
  if (!text.startsWith("{") || !text.endsWith("}")) return undefined;
  try {
    return LogLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
