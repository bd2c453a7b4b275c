// How much one token may ask, and how often one address may fail to sign in. In front of all doors, before the gate does any work.
import { createHash } from "node:crypto";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { networkOf } from "#platform/client-network.ts";
import { Buckets, type Policy } from "./buckets.ts";

/** Who stands at a door, as far as it is known before the gate was asked. */
export interface Visitor {
  /** Names the token without holding it; undefined where none came. */
  credential: string | undefined;
  /** The client's address, which the edge alone says. Undefined at the Unix socket: who can open that is of this machine, and trusted to. */
  address: string | undefined;
}

export class RateLimited extends SlipError {
  readonly retryAfterSeconds: number;
  constructor(message: string, seconds: number) {
    super("rate_limited", message, { next: `Ask again in ${seconds} s.` });
    this.retryAfterSeconds = seconds;
  }
}

/** One token in all its spellings: the scheme has no case, and any number of spaces after it. */
const credentialOf = (authorization: string | undefined): string | undefined => {
  if (authorization === undefined) return undefined;
  const [scheme = "", ...rest] = authorization.trim().split(/\s+/);
  return createHash("sha256")
    .update(`${scheme.toLowerCase()} ${rest.join(" ")}`)
    .digest("base64");
};

export const visitorOf = (header: (name: string) => string | undefined): Visitor => {
  const address = header("x-forwarded-for");
  return { credential: credentialOf(header("authorization")), address: address === undefined ? undefined : networkOf(address) };
};

const tokenPolicy = (): Policy => ({ name: "token", quota: limit("ratePoints"), windowSeconds: limit("ratePoints") / limit("ratePointsPerSecond") });
const signInPolicy = (): Policy => ({ name: "sign-in", quota: limit("signInFailures"), windowSeconds: limit("signInFailuresMs") / 1_000 });

export class RateLimits {
  /** Only of credentials that the gate knew, so that a made-up one takes nobody's place. */
  readonly #tokens: Buckets;
  readonly #failures: Buckets;

  constructor({ token = tokenPolicy(), signIn = signInPolicy() }: { token?: Policy; signIn?: Policy } = {}) {
    this.#tokens = new Buckets(token, limit("rateCallers"));
    this.#failures = new Buckets(signIn, limit("rateCallers"));
  }

  /** Throws `rate_limited`. A token that is known good is not held up by others who fail at its address. */
  admit({ credential, address }: Visitor): void {
    const isKnown = credential !== undefined && this.#tokens.has(credential);
    if (isKnown) this.#require(this.#tokens, credential, "This token has asked for too much in a short time.");
    else if (address !== undefined) this.#require(this.#failures, address, "Too many sign-ins from this address have failed.");
  }

  /** The gate knows the token. What is asked may cost more than is left: that is paid back before the next request. */
  signedIn({ credential }: Visitor, points: number): void {
    if (credential !== undefined) this.#tokens.spend(credential, points);
  }

  /** What a request has cost besides, if it was let in. */
  spend({ credential }: Visitor, points: number): void {
    if (credential !== undefined && this.#tokens.has(credential)) this.#tokens.spend(credential, points);
  }

  failed({ credential, address }: Visitor): void {
    if (credential !== undefined) this.#tokens.forget(credential);
    if (address !== undefined) this.#failures.spend(address, 1);
  }

  /** RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10) of the limit that this visitor is under. */
  headers({ credential, address }: Visitor): Record<string, string> {
    if (credential !== undefined && this.#tokens.has(credential)) return headersOf(this.#tokens, credential);
    return address !== undefined && this.#failures.has(address) ? headersOf(this.#failures, address) : {};
  }

  #require(buckets: Buckets, key: string, message: string): void {
    if (buckets.left(key) < 1) throw new RateLimited(message, Math.max(1, buckets.secondsUntil(key, 1)));
  }
}

const headersOf = (buckets: Buckets, key: string): Record<string, string> => {
  const { name, quota, windowSeconds } = buckets.policy;
  const left = Math.max(0, Math.floor(buckets.left(key)));
  return {
    "ratelimit-policy": `"${name}";q=${quota};w=${Math.round(windowSeconds)}`,
    ratelimit: `"${name}";r=${left};t=${buckets.secondsUntil(key, quota)}`,
  };
};
