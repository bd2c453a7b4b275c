// Numbers by a hash of what they stand for, outside of the heap: 8 bytes a place, at most three of four of them taken.

const leastPlaces = 64;
const free = 0;
const left = 0xffff_ffff;

/** Where `hash` is kept, and all who have the same: whoever asks looks which of them is meant. */
export class NumberIndex {
  /** Of each place the hash, and the number counted from 1. */
  #places = new Uint32Array(2 * leastPlaces);
  #taken = 0;
  /** Places that were taken once: a search goes on past them. */
  #used = 0;

  get #count(): number {
    return this.#places.length / 2;
  }

  /** Numbers that were added with a hash. */
  numbers(hash: number): number[] {
    const found: number[] = [];
    const places = this.#places;
    const mask = places.length / 2 - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const number = places[2 * place + 1] ?? free;
      if (number === free) return found;
      if (number !== left && places[2 * place] === hash) found.push(number - 1);
    }
  }

  add(hash: number, number: number): void {
    if (this.#used >= 0.75 * this.#count) this.#makeRoom();
    const mask = this.#count - 1;
    let place = hash & mask;
    while (this.#places[2 * place + 1] !== free) place = (place + 1) & mask;
    this.#places[2 * place] = hash;
    this.#places[2 * place + 1] = number + 1;
    this.#taken += 1;
    this.#used += 1;
  }

  remove(hash: number, number: number): void {
    const mask = this.#count - 1;
    for (let place = hash & mask; this.#places[2 * place + 1] !== free; place = (place + 1) & mask) {
      if (this.#places[2 * place] !== hash || this.#places[2 * place + 1] !== number + 1) continue;
      this.#places[2 * place + 1] = left;
      this.#taken -= 1;
      return;
    }
  }

  /** Twice as many places where half of them are taken, else as many, without those that were left. */
  #makeRoom(): void {
    const before = this.#places;
    this.#places = new Uint32Array(this.#taken >= this.#count / 2 ? 2 * before.length : before.length);
    [this.#taken, this.#used] = [0, 0];
    for (let at = 0; at < before.length; at += 2) {
      const [hash = 0, number = free] = [before[at], before[at + 1]];
      if (number !== free && number !== left) this.add(hash, number - 1);
    }
  }
}
