// What was used last is kept in memory: reading it anew would take longer than keeping it costs.

interface Kept<T> {
  value: T;
  weight: number;
}

/** Values by key; together they weigh `weightMax` at most, and those that were not asked for in the longest time go first. */
export class Recent<T> {
  readonly #weightMax: number;
  readonly #kept = new Map<string, Kept<T>>();
  #weight = 0;

  constructor(weightMax: number) {
    this.#weightMax = weightMax;
  }

  get(key: string): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.value;
  }

  /** What alone weighs more than all may is not kept. */
  set(key: string, value: T, weight: number): void {
    this.delete(key);
    if (weight > this.#weightMax) return;
    this.#kept.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= this.#weightMax) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#weight -= this.#kept.get(key)?.weight ?? 0;
    this.#kept.delete(key);
  }
}
