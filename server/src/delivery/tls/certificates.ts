// Which certificate answers to a server name, and the contexts made of them: made at first use, kept over table versions, so many at most.
import { hkdfSync } from "node:crypto";
import tls from "node:tls";
import type { RouteTable } from "@slipstream/contract/ports/edge.ts";

type Certificates = RouteTable["certificates"];
type Pair = Certificates[string];

/** The certificate of a name: its own, or that of "*.parent" (one label, RFC 9525 §6.3). */
export const certificateFor = (certificates: Certificates, name: string): Pair | undefined => {
  const lower = name.toLowerCase().replace(/\.$/, "");
  if (Object.hasOwn(certificates, lower)) return certificates[lower];
  const wildcard = `*${lower.slice(lower.indexOf("."))}`;
  return lower.includes(".") && Object.hasOwn(certificates, wildcard) ? certificates[wildcard] : undefined;
};

/** Keys of session tickets: the same in every edge process, so that a client resumes at any of them. */
export const ticketKeys = (proofKey: string): Buffer => Buffer.from(hkdfSync("sha256", proofKey, "", "slipstream tls tickets", 48));

export class CertificateContexts {
  #certificates: Certificates = {};
  readonly #most: number;
  /** By the text of the certificate; what was used last stands last. */
  readonly #contexts = new Map<string, tls.SecureContext>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes the certificates of a new table. Contexts of those that stayed are kept. */
  replace(certificates: Certificates): void {
    this.#certificates = certificates;
    const kept = new Set(Object.values(certificates).map((pair) => pair.certificate));
    for (const text of this.#contexts.keys()) if (!kept.has(text)) this.#contexts.delete(text);
  }

  /** The context of a server name, undefined when there is no certificate for it. Throws when the certificate is broken. */
  contextFor(name: string): tls.SecureContext | undefined {
    const pair = certificateFor(this.#certificates, name);
    if (!pair) return undefined;
    const { certificate: cert, key } = pair;
    const context = this.#contexts.get(cert) ?? tls.createSecureContext({ cert, key, minVersion: "TLSv1.2" });
    this.#contexts.delete(cert);
    this.#contexts.set(cert, context);
    const [unused] = this.#contexts.keys();
    if (this.#contexts.size > this.#most && unused !== undefined) this.#contexts.delete(unused);
    return context;
  }

  /** Answers clients that name no server, or one that has no certificate: the platform's own. */
  get fallback(): Pair | undefined {
    const { "*.slip.localhost": own } = this.#certificates;
    return own ?? Object.values(this.#certificates)[0];
  }
}
