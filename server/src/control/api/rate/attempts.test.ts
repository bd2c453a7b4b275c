import assert from "node:assert/strict";
import { test } from "node:test";
import { beginAttempt } from "./attempts.ts";
import { RateLimited, RateLimits, visitorOf } from "./rate-limits.ts";

const trial = () => {
  const limits = new RateLimits({ token: { name: "token", quota: 9, windowSeconds: 3_600 }, signIn: { name: "sign-in", quota: 2, windowSeconds: 3_600 } });
  const from = (address?: string, authorization?: string) => (name: string) => ({ "x-forwarded-for": address, authorization })[name];
  return { limits, from, attempt: (...of: Parameters<typeof from>) => beginAttempt(limits, from(...of)) };
};

test("what failed counts, whatever it was, and what did not fail does not", () => {
  const { limits, from, attempt } = trial();
  for (const status of [200, 303, 404, 413, 429, 500]) attempt("192.0.2.1").ended(status);
  for (const status of [400, 403]) attempt("192.0.2.1").ended(status);
  assert.throws(() => attempt("192.0.2.1"), RateLimited);
  assert.throws(() => limits.admit(visitorOf(from("192.0.2.1", "Bearer x"))), RateLimited, "it is one limit with that of the doors");
  attempt("192.0.2.2").ended(200);
});

test("who fails at the doors does not try here, also with a token that is known good", () => {
  const { limits, from, attempt } = trial();
  limits.signedIn(visitorOf(from("192.0.2.1", "Bearer good")), 1);
  for (const wrong of ["Bearer a", "Bearer b"]) limits.failed(visitorOf(from("192.0.2.1", wrong)));
  limits.admit(visitorOf(from("192.0.2.1", "Bearer good")));
  assert.throws(() => attempt("192.0.2.1", "Bearer good"), RateLimited);
});

test("a failure here ends no token that is good, and the Unix socket has no limit", () => {
  const { limits, from, attempt } = trial();
  limits.signedIn(visitorOf(from("192.0.2.1", "Bearer good")), 1);
  for (let count = 0; count < 2; count += 1) attempt("192.0.2.1", "Bearer good").ended(401);
  limits.admit(visitorOf(from("192.0.2.1", "Bearer good")));
  for (let count = 0; count < 9; count += 1) attempt().ended(401);
});
