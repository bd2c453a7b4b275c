// Where a body ends (RFC 9112 §6, §7): a decoder that gives ranges of payload, never the framing around it.
// Bodies are framed anew on the other side, so that nothing ambiguous is ever passed on.
import { CR, LF } from "./field.ts";
import type { ResponseHead } from "./response-head.ts";

export type BodyKind = "none" | "length" | "chunked" | "close";

/** Kind of the body of an answer (RFC 9112 §6.3). */
export const bodyKind = (method: string, head: Pick<ResponseHead, "status" | "length">): BodyKind => {
  if (method === "HEAD" || head.status === 204 || head.status === 304) return "none";
  if (head.length === -1) return "chunked";
  return head.length === -2 ? "close" : "length";
};

/** States of the chunked reader. */
const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER = 6;
const TRAILER_LINE = 7;
const TRAILER_LINE_LF = 8;
const END_LF = 9;

/** Bytes of extensions, which are dropped, and trailers of one body: they must not be endless. */
const extraBytes = 8_192;

const hexDigit = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
};

/** Reads one body after another. After `decode`: `ranges` holds start, end pairs of payload, `total` their bytes. */
export class BodyDecoder {
  done: boolean = true;
  /** The body broke the grammar: the connection cannot be used any more. */
  failed: boolean = false;
  readonly ranges: number[] = [];
  total = 0;
  /** Lines after a chunked body, as they came, each with its end. Whole when it is done. */
  trailers = "";
  #kind: BodyKind = "none";
  #remaining = 0;
  #state = SIZE;
  #digits = 0;
  #extra = 0;

  begin(kind: BodyKind, length = 0): void {
    this.#kind = kind;
    this.#remaining = kind === "length" ? length : 0;
    this.done = kind === "none" || (kind === "length" && length === 0);
    this.failed = false;
    this.trailers = "";
    this.#state = SIZE;
    this.#digits = 0;
    this.#extra = 0;
  }

  /** Whether the end of the connection is the end of this body. */
  get untilClose(): boolean {
    return this.#kind === "close";
  }

  /** The connection ended: so does a body that lasts until then. */
  finish(): void {
    this.ranges.length = 0;
    this.total = 0;
    this.done = true;
  }

  /** Reads from `start` to `end`. Gives the index after the last byte that belongs to the body. */
  decode(bytes: Uint8Array, start: number, end: number): number {
    this.ranges.length = 0;
    this.total = 0;
    if (this.done) return start;
    if (this.#kind === "chunked") return this.#decodeChunked(bytes, start, end);
    const size = this.#kind === "close" ? end - start : Math.min(end - start, this.#remaining);
    this.#push(start, start + size);
    if (this.#kind === "length") {
      this.#remaining -= size;
      this.done = this.#remaining === 0;
    }
    return start + size;
  }

  /** The payload that was found in `bytes` last. */
  payload(bytes: Buffer): Buffer {
    const parts: Buffer[] = [];
    for (let at = 0; at < this.ranges.length; at += 2) parts.push(bytes.subarray(this.ranges[at], this.ranges[at + 1]));
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }

  #push(start: number, end: number): void {
    if (end <= start) return;
    this.ranges.push(start, end);
    this.total += end - start;
  }

  #decodeChunked(bytes: Uint8Array, start: number, end: number): number {
    let index = start;
    while (index < end && !this.done && !this.failed) {
      if (this.#state === DATA) {
        const size = Math.min(end - index, this.#remaining);
        this.#push(index, index + size);
        index += size;
        this.#remaining -= size;
        if (this.#remaining === 0) this.#state = DATA_CR;
      } else {
        this.#step(bytes[index] ?? 0);
        index += 1;
      }
    }
    return index;
  }

  #expect(code: number, wanted: number, state: number): void {
    if (code === wanted) this.#state = state;
    else this.failed = true;
  }

  #step(code: number): void {
    switch (this.#state) {
      case SIZE:
        this.#stepSize(code);
        return;
      case EXTENSION:
        if (code === CR) this.#state = SIZE_LF;
        else this.#skipExtra(code);
        return;
      case SIZE_LF:
        this.#expect(code, LF, this.#remaining === 0 ? TRAILER : DATA);
        this.#digits = 0;
        return;
      case DATA_CR:
        this.#expect(code, CR, DATA_LF);
        return;
      case DATA_LF:
        this.#expect(code, LF, SIZE);
        return;
      case TRAILER:
        this.#state = code === CR ? END_LF : TRAILER_LINE;
        if (code !== CR) this.#keepTrailer(code);
        return;
      case TRAILER_LINE:
        if (code === CR) this.#state = TRAILER_LINE_LF;
        else this.#keepTrailer(code);
        return;
      case TRAILER_LINE_LF:
        this.#expect(code, LF, TRAILER);
        this.trailers += "\r\n";
        return;
      default:
        this.#expect(code, LF, SIZE);
        this.done = !this.failed;
    }
  }

  #stepSize(code: number): void {
    const digit = hexDigit(code);
    if (digit >= 0) {
      this.#digits += 1;
      this.#remaining = this.#remaining * 16 + digit;
      // 12 digits are 256 TiB: more is an attempt to overflow somebody's counter.
      if (this.#digits > 12) this.failed = true;
    } else if (this.#digits === 0) this.failed = true;
    else if (code === CR) this.#state = SIZE_LF;
    else if (code === 59) this.#state = EXTENSION;
    else this.failed = true;
  }

  #keepTrailer(code: number): void {
    this.#skipExtra(code);
    this.trailers += String.fromCharCode(code);
  }

  #skipExtra(code: number): void {
    this.#extra += 1;
    if (code === LF || (code < 32 && code !== 9) || code === 127 || this.#extra > extraBytes) this.failed = true;
  }
}
