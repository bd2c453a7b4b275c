import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseAfter, pausesMs, retryAfterOf } from "./retry.ts";

test("ten attempts in some three days, each pause longer by chance alone", () => {
  const all = (random: number): number[] => pausesMs.map((_, index) => pauseAfter(index + 1, { random }) ?? 0);
  assert.deepEqual(all(0), pausesMs);
  const hours = pausesMs.reduce((sum, ms) => sum + ms, 0) / 3_600_000;
  assert.ok(hours > 75 && hours < 76, `${hours}`);
  assert.ok(all(1).every((ms, index) => ms > (pausesMs[index] ?? 0) && ms <= (pausesMs[index] ?? 0) * 1.2));
  assert.equal(pauseAfter(pausesMs.length + 1, { random: 0 }), undefined);
});

test("a receiver can ask for a longer pause, up to a day, and not for a shorter one", () => {
  assert.equal(pauseAfter(1, { random: 0, retryAfterMs: 60_000 }), 60_000);
  assert.equal(pauseAfter(2, { random: 0, retryAfterMs: 1_000 }), 300_000);
  assert.equal(pauseAfter(1, { random: 0, retryAfterMs: 10 * 86_400_000 }), 86_400_000);
  assert.equal(pauseAfter(10, { random: 0, retryAfterMs: 1_000 }), undefined);
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(retryAfterOf("120", now), 120_000);
  assert.equal(retryAfterOf(" 0 ", now), 0);
  assert.equal(retryAfterOf("Thu, 01 Jan 2026 00:01:00 GMT", now), 60_000);
  assert.equal(retryAfterOf("Wed, 31 Dec 2025 00:00:00 GMT", now), 0);
  for (const header of [undefined, "", "soon", "-1", "1.5", "99999999999", "Thu, never"]) assert.equal(retryAfterOf(header, now), undefined, String(header));
});
