// The lines of what comes in pieces.

const newline = 10;

/** The lines of bytes that come in pieces, without their ends. */
export class Lines {
  #rest: Buffer = Buffer.alloc(0);

  *push(piece: Buffer): Generator<Buffer> {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let begin = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, begin)) {
      yield bytes.subarray(begin, end);
      begin = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(begin));
  }

  /** What came after the last end of a line. */
  get restBytes(): number {
    return this.#rest.length;
  }
}
