// Texts by numbers, outside of the heap: of each its bytes, a head of 8 and a place of 8.

const pieceBytes = 262_144;
const headBytes = 8;

interface Piece {
  bytes: Buffer;
  /** Where the next text begins. */
  end: number;
  /** Taken by texts that are still there. */
  live: number;
}

const firstPlaces = 1_024;

export class Texts {
  readonly #pieces: (Piece | undefined)[] = [];
  #newest = -1;
  /** By number: the piece and where in it, as one number; -1 where there is none. */
  #places = new Float64Array(firstPlaces).fill(-1);
  #numbers = 0;
  readonly #unused: number[] = [];

  get size(): number {
    return this.#numbers - this.#unused.length;
  }

  /** What the texts take, with the room that is kept for more. */
  get bytes(): number {
    return this.#pieces.reduce((sum, piece) => sum + (piece?.bytes.length ?? 0), 0);
  }

  /** Gives its number. */
  add(text: string): number {
    const number = this.#unused.pop() ?? this.#numbers++;
    this.#put(number, text);
    return number;
  }

  change(number: number, text: string): void {
    this.#drop(number);
    this.#put(number, text);
  }

  remove(number: number): void {
    this.#drop(number);
    this.#unused.push(number);
  }

  at(number: number): string {
    const [piece, begin] = this.#find(number);
    const length = piece.bytes.readUInt32LE(begin + 4);
    return piece.bytes.toString("utf8", begin + headBytes, begin + headBytes + length);
  }

  *all(): Generator<string> {
    for (let number = 0; number < this.#numbers; number += 1) if ((this.#places[number] ?? -1) >= 0) yield this.at(number);
  }

  #find(number: number): [Piece, number] {
    const place = this.#places[number] ?? -1;
    const piece = this.#pieces[Math.floor(place / 2 ** 32)];
    if (!piece) throw new Error(`There is no text ${number}.`);
    return [piece, place % 2 ** 32];
  }

  /** A piece with so much room, which is the newest. */
  #roomFor(bytes: number): [Piece, number] {
    const newest = this.#pieces[this.#newest];
    if (newest && newest.end + bytes <= newest.bytes.length) return [newest, this.#newest];
    const piece = { bytes: Buffer.allocUnsafeSlow(Math.max(pieceBytes, bytes)), end: 0, live: 0 };
    const hole = this.#pieces.indexOf(undefined);
    this.#newest = hole < 0 ? this.#pieces.length : hole;
    this.#pieces[this.#newest] = piece;
    return [piece, this.#newest];
  }

  #put(number: number, text: string): void {
    const length = Buffer.byteLength(text);
    const [piece, index] = this.#roomFor(headBytes + length);
    piece.bytes.writeUInt32LE(number, piece.end);
    piece.bytes.writeUInt32LE(length, piece.end + 4);
    piece.bytes.write(text, piece.end + headBytes);
    this.#place(number, index * 2 ** 32 + piece.end);
    piece.end += headBytes + length;
    piece.live += headBytes + length;
  }

  #place(number: number, place: number): void {
    if (number >= this.#places.length) {
      const places = new Float64Array(Math.ceil(1.5 * this.#places.length)).fill(-1);
      places.set(this.#places);
      this.#places = places;
    }
    this.#places[number] = place;
  }

  #drop(number: number): void {
    const [piece, begin] = this.#find(number);
    const index = Math.floor((this.#places[number] ?? -1) / 2 ** 32);
    piece.live -= headBytes + piece.bytes.readUInt32LE(begin + 4);
    this.#places[number] = -1;
    if (index !== this.#newest && piece.live <= piece.bytes.length / 2) this.#empty(piece, index);
  }

  /** What is left in a piece goes to the newest one: a piece at a time, so that no change takes long. */
  #empty(piece: Piece, index: number): void {
    for (let at = 0; at < piece.end; ) {
      const [number, length] = [piece.bytes.readUInt32LE(at), piece.bytes.readUInt32LE(at + 4)];
      if (this.#places[number] === index * 2 ** 32 + at) this.#put(number, piece.bytes.toString("utf8", at + headBytes, at + headBytes + length));
      at += headBytes + length;
    }
    this.#pieces[index] = undefined;
  }
}
