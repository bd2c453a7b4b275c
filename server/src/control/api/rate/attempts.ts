// Attempts to become known elsewhere than at a door: on the pages of sign-in, and at the authorization server. They fail under the same
// limit of an address as wrong tokens do.
import { type RateLimits, visitorOf } from "./rate-limits.ts";

export interface Attempt {
  /** The status of the answer says whether it has failed. */
  ended(status: number): void;
}

const failures: ReadonlySet<number> = new Set([400, 401, 403]);

/** Throws `rate_limited`. A token that is known good is none here, so that nobody guesses behind one. */
export const beginAttempt = (limits: RateLimits, header: (name: string) => string | undefined): Attempt => {
  const visitor = visitorOf((name) => (name === "authorization" ? undefined : header(name)));
  limits.admit(visitor);
  return {
    ended(status) {
      if (failures.has(status)) limits.failed(visitor);
    },
  };
};
