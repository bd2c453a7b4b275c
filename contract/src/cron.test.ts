import assert from "node:assert/strict";
import { test } from "node:test";
import { CronExpression, isDue } from "./cron.ts";

// 2026-11-27 is a Friday, 2026-11-29 a Sunday.
const due: readonly [expression: string, at: string, isDue: boolean][] = [
  ["* * * * *", "2026-11-27T06:05:59Z", true],
  ["5 * * * *", "2026-11-27T06:05:00Z", true],
  ["5 * * * *", "2026-11-27T06:06:00Z", false],
  ["*/15 * * * *", "2026-11-27T06:45:00Z", true],
  ["*/15 * * * *", "2026-11-27T06:46:00Z", false],
  ["3/20 * * * *", "2026-11-27T06:43:00Z", true],
  ["3/20 * * * *", "2026-11-27T06:40:00Z", false],
  ["0 6 * * *", "2026-11-27T06:00:00Z", true],
  ["0 6 * * *", "2026-11-27T07:00:00Z", false],
  ["0 8-18/2 * * 1-5", "2026-11-27T10:00:00Z", true],
  ["0 8-18/2 * * 1-5", "2026-11-27T11:00:00Z", false],
  ["0 8-18/2 * * 1-5", "2026-11-29T10:00:00Z", false],
  ["0,30 6,7 * * *", "2026-11-27T07:30:00Z", true],
  ["0,30 6,7 * * *", "2026-11-27T08:30:00Z", false],
  ["0 0 * * SUN", "2026-11-29T00:00:00Z", true],
  ["0 0 * * 0", "2026-11-29T00:00:00Z", true],
  ["0 0 * * 7", "2026-11-29T00:00:00Z", true],
  ["0 0 * * fri-sat", "2026-11-27T00:00:00Z", true],
  ["0 0 * * fri-sat", "2026-11-29T00:00:00Z", false],
  ["0 0 1 Nov *", "2026-11-01T00:00:00Z", true],
  ["0 0 1 Nov *", "2026-12-01T00:00:00Z", false],
  ["0 0 29 2 *", "2028-02-29T00:00:00Z", true],
  // Of both days either is enough, but where one of them is any.
  ["0 0 1 * 5", "2026-11-27T00:00:00Z", true],
  ["0 0 1 * 5", "2026-11-01T00:00:00Z", true],
  ["0 0 1 * 5", "2026-11-02T00:00:00Z", false],
  ["0 0 */2 * 5", "2026-11-27T00:00:00Z", true],
  ["0 0 */2 * 5", "2026-11-29T00:00:00Z", false],
  ["  0   0 * * * ", "2026-11-29T00:00:00Z", true],
];

for (const [expression, at, expected] of due)
  test(`${expression} is ${expected ? "" : "not "}due at ${at}`, () => {
    assert.ok(CronExpression.safeParse(expression).success);
    assert.equal(isDue(expression, new Date(at)), expected);
  });

for (const text of [
  "",
  "* * * *",
  "* * * * * *",
  "60 * * * *",
  "* 24 * * *",
  "* * 0 * *",
  "* * * 13 *",
  "* * * * 8",
  "*/0 * * * *",
  "5-1 * * * *",
  "a * * * *",
  "*-5 * * * *",
  "1,,2 * * * *",
  "@daily",
  "* * L * *",
  "-1 * * * *",
])
  test(`${JSON.stringify(text)} is no expression`, () => assert.equal(CronExpression.safeParse(text).success, false));
