// Which manifests and contents this process has made safe on disk, by tenant.

/** Remembered at most; what is forgotten is made safe once more, which takes some microseconds each. */
const rememberedNames = 200_000;

export class SafeNames {
  readonly #byTenant = new Map<string, Set<string>>();
  #count = 0;

  /** Of these, those that are not known to be safe. */
  others(tenant: string, names: readonly string[]): string[] {
    const safe = this.#byTenant.get(tenant);
    return names.filter((name) => safe?.has(name) !== true);
  }

  add(tenant: string, names: readonly string[]): void {
    if (this.#count + names.length > rememberedNames) {
      this.#byTenant.clear();
      this.#count = 0;
    }
    const safe = this.#byTenant.get(tenant) ?? new Set();
    this.#count -= safe.size;
    for (const name of names) safe.add(name);
    this.#count += safe.size;
    this.#byTenant.set(tenant, safe);
  }

  /** To be called with what was written anew. */
  forget(tenant: string, name: string): void {
    if (this.#byTenant.get(tenant)?.delete(name) === true) this.#count -= 1;
  }
}
