// Head and body as one value for one write: text where it is small, else bytes in a buffer that is used again and again.
import type { BodyDecoder } from "./body.ts";

/** Up to so many bytes go out as one latin1 string, which Node hands to the kernel without allocating. */
const stringBytes = 15_000;
/** One read of a socket, and the head in front of it. */
const bufferBytes = 66 * 1_024;

/** Bytes as one chunk (RFC 9112 §7.1). */
export const chunkOf = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);

export class BodyEncoder {
  #buffer = Buffer.allocUnsafeSlow(bufferBytes);

  /**
   * `head`, then the payload that `decoder` found in `bytes`, as one chunk or plain, then the last chunk and `trailers` where it is the end.
   * The value must be written at once, and `written` be called before the next one is made.
   */
  encode(head: string, bytes: Buffer, decoder: BodyDecoder, chunked: boolean, trailers = ""): string | Buffer {
    const { ranges, total, done } = decoder;
    const before = chunked && total > 0 ? `${head}${total.toString(16)}\r\n` : head;
    const after = chunked ? `${total > 0 ? "\r\n" : ""}${done ? `0\r\n${trailers}\r\n` : ""}` : "";
    if (before.length + total + after.length > stringBytes) return this.#join(before, bytes, decoder, after);
    let text = before;
    for (let index = 0; index < ranges.length; index += 2) text += bytes.toString("latin1", ranges[index], ranges[index + 1]);
    return text + after;
  }

  #join(before: string, bytes: Buffer, { ranges, total }: BodyDecoder, after: string): Buffer {
    const size = before.length + total + after.length;
    const out = size <= bufferBytes ? this.#buffer : Buffer.allocUnsafe(size);
    let at = out.write(before, 0, "latin1");
    for (let index = 0; index < ranges.length; index += 2) at += bytes.copy(out, at, ranges[index], ranges[index + 1]);
    at += out.write(after, at, "latin1");
    return at === out.length ? out : out.subarray(0, at);
  }

  /** What was made has been given to a socket. Unless the kernel took all of it, the socket still needs the buffer. */
  written(data: string | Buffer, whole: boolean): void {
    if (!whole && typeof data !== "string") this.#buffer = Buffer.allocUnsafeSlow(bufferBytes);
  }
}
