// When a delivery is tried again: the schedule that Standard Webhooks gives as its example, three days in all. Pure.
import { limit } from "@slipstream/contract/limits.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Pauses before each further attempt. */
export const pausesMs: readonly number[] = [5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour];
/** A pause is longer by up to this part of it, so that what failed together is not tried together. */
const jitter = 0.2;

/**
 * The pause after so many attempts, in ms; undefined when no further one is made. `random` is from 0 to 1. What the receiver asked for
 * counts where it is longer.
 */
export const pauseAfter = (attempts: number, of: { random: number; retryAfterMs?: number | undefined }): number | undefined => {
  const pauseMs = pausesMs[attempts - 1];
  if (pauseMs === undefined) return undefined;
  const asked = Math.min(of.retryAfterMs ?? 0, limit("webhookRetryAfterMs"));
  return Math.max(asked, Math.round(pauseMs * (1 + jitter * of.random)));
};

/** What a Retry-After header asks for, in ms (RFC 9110 §10.2.3: seconds, or a date); undefined for anything else. */
export const retryAfterOf = (header: string | undefined, now: number): number | undefined => {
  const text = header?.trim() ?? "";
  if (/^\d{1,10}$/.test(text)) return Number(text) * second;
  const at = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
};
