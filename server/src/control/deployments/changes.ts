// Tells those who wait in this process that something they watch has changed. Losing an event is harmless: they look again by themselves.

type Listener = (value: unknown) => void;

export class Changes {
  readonly #listeners = new Map<string, Set<Listener>>();

  emit(id: string, value?: unknown): void {
    for (const listener of this.#listeners.get(id) ?? []) listener(value);
  }

  /** Gives the function that ends the subscription. */
  subscribe(id: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(id, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(id);
    };
  }
}
