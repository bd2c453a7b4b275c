// Which certificate answers to a server name, and the contexts made of them: made at first use, kept over table versions, so many at most.
import { hkdfSync } from "node:crypto";
import tls from "node:tls";
import type { Pair, RouteTable } from "@slipstream/contract/ports/route-table.ts";

type Certificates = Pick<RouteTable, "certificate" | "anyCertificate">;

/** The certificate of a name: its own, or that of "*.parent" (one label, RFC 9525 §6.3). */
export const certificateFor = (certificates: Certificates, name: string): Pair | undefined => {
  const lower = name.toLowerCase().replace(/\.$/, "");
  const own = certificates.certificate(lower);
  return own ?? (lower.includes(".") ? certificates.certificate(`*${lower.slice(lower.indexOf("."))}`) : undefined);
};

/** Keys of session tickets: the same in every edge process, so that a client resumes at any of them. */
export const ticketKeys = (proofKey: string): Buffer => Buffer.from(hkdfSync("sha256", proofKey, "", "slipstream tls tickets", 48));

export class CertificateContexts {
  #certificates: Certificates | undefined;
  readonly #most: number;
  /** By the text of the certificate; what was used last stands last. */
  readonly #contexts = new Map<string, tls.SecureContext>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Certificates are those of this table from now on. What was made of others stays until its place is needed. */
  follow(table: Certificates): void {
    this.#certificates = table;
  }

  /** The context of a server name, undefined when there is no certificate for it. Throws when the certificate is broken. */
  contextFor(name: string): tls.SecureContext | undefined {
    const pair = this.#certificates && certificateFor(this.#certificates, name);
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
    return this.#certificates?.certificate("*.slip.localhost") ?? this.#certificates?.anyCertificate;
  }
}
