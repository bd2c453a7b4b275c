import assert from "node:assert/strict";
import { test } from "node:test";
import { RateLimited, RateLimits, visitorOf } from "./rate-limits.ts";

const visitor = (authorization?: string, address?: string) => {
  const fields: Record<string, string | undefined> = { authorization, "x-forwarded-for": address };
  return visitorOf((name) => fields[name]);
};
const trial = (): RateLimits =>
  new RateLimits({ token: { name: "token", quota: 3, windowSeconds: 3_600 }, signIn: { name: "sign-in", quota: 2, windowSeconds: 3_600 } });
const limited = (error: unknown): boolean => error instanceof RateLimited && error.code === "rate_limited" && error.retryAfterSeconds >= 1;

test("a token that has asked for too much waits, and the others do not", () => {
  const limits = trial();
  for (let count = 0; count < 3; count += 1) {
    limits.admit(visitor("Bearer ada"));
    limits.signedIn(visitor("Bearer ada"), 1);
  }
  assert.deepEqual(limits.headers(visitor("Bearer ada")), { "ratelimit-policy": '"token";q=3;w=3600', ratelimit: '"token";r=0;t=3600' });
  for (const spelling of ["Bearer ada", "bearer   ada", " BEARER ada"]) assert.throws(() => limits.admit(visitor(spelling)), limited, spelling);
  limits.admit(visitor("Bearer bob"));
});

test("an address that has failed too often is not asked, but a token that is known good is", () => {
  const limits = trial();
  limits.signedIn(visitor("Bearer ada", "192.0.2.1"), 1);
  for (const wrong of ["Bearer wrong", undefined]) limits.failed(visitor(wrong, "192.0.2.1"));
  limits.spend(visitor("Bearer other", "192.0.2.1"), 1);
  assert.throws(() => limits.admit(visitor("Bearer other", "192.0.2.1")), limited, "what a refused request weighs makes nobody known");
  assert.deepEqual(limits.headers(visitor("Bearer other", "192.0.2.1")), { "ratelimit-policy": '"sign-in";q=2;w=3600', ratelimit: '"sign-in";r=0;t=3600' });
  limits.admit(visitor("Bearer ada", "192.0.2.1"));
  limits.admit(visitor("Bearer other", "192.0.2.2"));
  limits.failed(visitor("Bearer ada", "192.0.2.1"));
  assert.throws(() => limits.admit(visitor("Bearer ada", "192.0.2.1")), limited, "a token that has ended is as good as any");
});

test("addresses of one network are one, and the Unix socket has none", () => {
  assert.equal(visitor("", "2001:db8::1").address, visitor("", "2001:db8:0:0:ffff::9").address);
  assert.notEqual(visitor("", "2001:db8::1").address, visitor("", "2001:db8:0:1::1").address);
  assert.equal(visitor("", "::ffff:192.0.2.1").address, "192.0.2.1");
  const limits = trial();
  for (let count = 0; count < 10; count += 1) limits.failed(visitor("Bearer wrong"));
  limits.admit(visitor("Bearer wrong"));
});
