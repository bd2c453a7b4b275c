// An edge writes what was asked for and knows no secret: those of the app are taken out of its lines when somebody reads them.
import { limit } from "@slipstream/contract/limits.ts";
import { redactorOf } from "#platform/redact.ts";
import type { AppRow } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { openSecrets, secretVersions } from "../secrets/secret-store.ts";

type Redact = (text: string) => string;
type Parts = Pick<Control, "database" | "sealing">;

/** To make one takes milliseconds, in which control answers nobody. */
const kept = 100;

/** As many as their limit allows, the shortest first: what is asked for has no room for others, mostly. Pure. */
const shortest = (values: readonly string[]): string[] => {
  let left = limit("edgeSecretBytes");
  return values
    .toSorted((one, other) => one.length - other.length)
    .filter((value) => {
      left -= Buffer.byteLength(value);
      return left >= 0;
    });
};

export class EdgeRedactors {
  readonly #made = new Map<string, { versions: string; redact: Redact }>();

  /** Takes out the secrets that the app's next release has. */
  async of({ database, sealing }: Parts, { id: appId, tenant }: Pick<AppRow, "id" | "tenant">): Promise<Redact> {
    const current = await secretVersions(database, appId);
    const versions = JSON.stringify(current);
    const known = this.#made.get(appId);
    if (known?.versions === versions) return known.redact;
    const redact = redactorOf(shortest(Object.values(await openSecrets(database, sealing, { tenant, appId }, current))));
    this.#made.delete(appId);
    this.#made.set(appId, { versions, redact });
    for (const [oldest] of this.#made) if (this.#made.size > kept) this.#made.delete(oldest);
    return redact;
  }
}
