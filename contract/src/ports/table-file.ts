// The route table as it lies on the disk: the messages that an edge would have been sent, one a line. Each line has a digest of itself and
// of all lines before it, so that a file that was cut off within a line, or of which a bit has flipped, is known.
import { hash } from "node:crypto";
import { Lines } from "./lines.ts";
import { TableMessage } from "./route-entry.ts";
import type { RouteTable } from "./route-table.ts";
import { TableReceiver } from "./table-receiver.ts";

/** Where a file is: what the next line goes on from. */
export interface Chain {
  digest: string;
  /** Length of the file. */
  bytes: number;
}
export const emptyFile: Chain = { digest: "", bytes: 0 };

const digestAfter = (before: string, text: string): string => hash("sha256", `${before}${text}`, "hex");

/** The line of a message, with where the file is after it. It is JSON: people read it, too. */
export const lineOf = ({ digest: before, bytes }: Chain, message: TableMessage): { line: string; chain: Chain } => {
  const text = JSON.stringify(message);
  const digest = digestAfter(before, text);
  const line = `{"digest":"${digest}","message":${text}}\n`;
  return { line, chain: { digest, bytes: bytes + Buffer.byteLength(line) } };
};

/** The text of the message in a line without its end; undefined when the line is not what follows `before`. */
const textIn = (line: string, before: string): { text: string; digest: string } | undefined => {
  const [, digest, text] = /^\{"digest":"([0-9a-f]{64})","message":(.*)\}$/s.exec(line) ?? [];
  return digest !== undefined && text !== undefined && digestAfter(before, text) === digest ? { text, digest } : undefined;
};

export interface TableFile {
  table: RouteTable;
  chain: Chain;
  /** Length of the file up to the end of its whole table; what follows are deltas. */
  wholeBytes: number;
}

/** Takes a file in pieces. It has no table until the file was whole up to its last byte. */
export class TableFileReader {
  readonly #receiver = new TableReceiver();
  readonly #lines = new Lines();
  #chain = emptyFile;
  #wholeBytes = 0;
  #isDamaged: boolean = false;

  push(piece: Buffer): void {
    for (const line of this.#lines.push(piece)) if (!this.#isDamaged) this.#take(line);
  }

  #take(line: Buffer): void {
    const found = textIn(line.toString(), this.#chain.digest);
    const message = found && TableMessage.safeParse(JSON.parse(found.text)).data;
    const taken = message && this.#receiver.take(message);
    // What does not fit what is before it was written by nobody.
    this.#isDamaged = !found || !message || ((message.kind === "delta" || message.kind === "end") && taken?.kind === "nothing");
    if (!found) return;
    this.#chain = { digest: found.digest, bytes: this.#chain.bytes + line.length + 1 };
    if (taken?.kind === "replaced") this.#wholeBytes = this.#chain.bytes;
  }

  /** The table of what `lineOf` made; undefined for anything else, and for a table of another version of the platform. */
  end(): TableFile | undefined {
    const { table } = this.#receiver;
    if (this.#isDamaged || this.#lines.restBytes > 0 || !table) return undefined;
    return { table, chain: this.#chain, wholeBytes: this.#wholeBytes };
  }
}

export const readTableFile = async (pieces: AsyncIterable<Buffer>): Promise<TableFile | undefined> => {
  const reader = new TableFileReader();
  for await (const piece of pieces) reader.push(piece);
  return reader.end();
};

/** A file that can be gone on with: the version of its last line, and where it ends. */
export interface FileEnd extends Omit<TableFile, "table"> {
  version: number;
}

/** How lines begin that are most of a file, and need not be understood to find its end. */
const partBegin = '{"kind":"part"';

/** The end of what `lineOf` made, which makes no table of it; undefined where a line does not follow the one before. */
export const endOfTableFile = async (pieces: AsyncIterable<Buffer>): Promise<FileEnd | undefined> => {
  const lines = new Lines();
  let [chain, version, wholeBytes] = [emptyFile, 0, 0];
  for await (const piece of pieces)
    for (const line of lines.push(piece)) {
      const found = textIn(line.toString(), chain.digest);
      if (!found) return undefined;
      chain = { digest: found.digest, bytes: chain.bytes + line.length + 1 };
      if (found.text.startsWith(partBegin)) continue;
      const message = TableMessage.safeParse(JSON.parse(found.text)).data;
      if (!message) return undefined;
      if (message.kind === "begin") version = message.version;
      if (message.kind === "delta") version = message.to;
      if (message.kind === "end") wholeBytes = chain.bytes;
    }
  return lines.restBytes > 0 || wholeBytes === 0 ? undefined : { version, chain, wholeBytes };
};

export const tableIn = (bytes: Buffer): TableFile | undefined => {
  const reader = new TableFileReader();
  reader.push(bytes);
  return reader.end();
};

/** What is written of these messages, in their order. */
export function* linesOf(messages: Iterable<TableMessage>): Generator<string> {
  let chain = emptyFile;
  for (const message of messages) {
    const next = lineOf(chain, message);
    chain = next.chain;
    yield next.line;
  }
}

/** Whether a file that is to grow by `bytes` is better written anew: what follows the whole table is then more than the table. Pure. */
export const isOutgrown = (file: Pick<TableFile, "chain" | "wholeBytes">, { bytes, leastBytes }: { bytes: number; leastBytes: number }): boolean =>
  file.chain.bytes - file.wholeBytes + bytes > Math.max(file.wholeBytes, leastBytes);
