// What builds under way need: the garbage collection leaves it alone, although no artifact names it yet.

/** Digests of blobs and layers. */
export class Leases {
  readonly #all: Map<string, number>;
  readonly #own = new Set<string>();
  constructor(all: Map<string, number>) {
    this.#all = all;
  }

  take(digest: string): void {
    if (this.#own.has(digest)) return;
    this.#own.add(digest);
    this.#all.set(digest, (this.#all.get(digest) ?? 0) + 1);
  }

  end(): void {
    for (const digest of this.#own) {
      const left = (this.#all.get(digest) ?? 1) - 1;
      if (left === 0) this.#all.delete(digest);
      else this.#all.set(digest, left);
    }
    this.#own.clear();
  }
}
