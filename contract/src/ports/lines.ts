// The lines of what comes in pieces.

const newline = 10;

/** The lines of bytes that come in pieces, without their ends. */
export class Lines {
  /** Put together once, with the end of their line: to do so at each piece would take the longer the longer it is. */
  #rest: Buffer[] = [];
  #restBytes = 0;

  *push(piece: Buffer): Generator<Buffer> {
    let begin = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, begin)) {
      const last = piece.subarray(begin, end);
      const line = this.#rest.length === 0 ? last : Buffer.concat([...this.#rest, last]);
      this.#rest = [];
      this.#restBytes = 0;
      begin = end + 1;
      yield line;
    }
    if (begin === piece.length) return;
    this.#rest.push(Buffer.from(piece.subarray(begin)));
    this.#restBytes += piece.length - begin;
  }

  /** What came after the last end of a line. */
  get restBytes(): number {
    return this.#restBytes;
  }
}
