// Budgets of many callers: each may spend its quota at once, and gets it back evenly over the window. Pure, but for its memory.

export interface Policy {
  /** As the header fields call it. */
  name: string;
  quota: number;
  windowSeconds: number;
}

interface Bucket {
  /** Below zero when something cost more than there was: that is paid back first. */
  left: number;
  atMs: number;
}

export class Buckets {
  readonly policy: Policy;
  readonly #most: number;
  readonly #nowMs: () => number;
  /** In the order of their last use, so that the first one is who has been away longest. */
  readonly #buckets = new Map<string, Bucket>();

  /** Remembers at most `most` callers; who was away longest is forgotten first, and begins with a whole quota again. */
  constructor(policy: Policy, most: number, nowMs: () => number = () => performance.now()) {
    this.policy = policy;
    this.#most = most;
    this.#nowMs = nowMs;
  }

  has(key: string): boolean {
    return this.#buckets.has(key);
  }

  /** What a caller has left; a whole quota for one who is not known. */
  left(key: string): number {
    const { quota, windowSeconds } = this.policy;
    const bucket = this.#buckets.get(key);
    if (!bucket) return quota;
    const back = ((this.#nowMs() - bucket.atMs) / 1_000) * (quota / windowSeconds);
    return Math.min(quota, bucket.left + back);
  }

  spend(key: string, points: number): void {
    const left = this.left(key) - points;
    this.#buckets.delete(key);
    this.#buckets.set(key, { left, atMs: this.#nowMs() });
    if (this.#buckets.size <= this.#most) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }

  forget(key: string): void {
    this.#buckets.delete(key);
  }

  /** Whole seconds until a caller has `points` again. */
  secondsUntil(key: string, points: number): number {
    const { quota, windowSeconds } = this.policy;
    return Math.ceil(Math.max(0, ((points - this.left(key)) * windowSeconds) / quota));
  }
}
