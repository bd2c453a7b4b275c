import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { coloursWhen } from "./colour.ts";
import { sizeText } from "./size.ts";
import { alignedTable, tabbedTable } from "./table.ts";
import { safeText } from "./text.ts";
import { agoText, sinceTime, tookText } from "./time.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const before = (ms: number): string => new Date(now - ms).toISOString();

describe("words for people", () => {
  it("how long it took", () => {
    assert.deepEqual([0, 0.26, 9.94, 9.96, 999.4, 999.6, 1_240, 59_949, 59_950, 125_400].map(tookText), [
      "0 ms",
      "0.3 ms",
      "9.9 ms",
      "10 ms",
      "999 ms",
      "1.0 s",
      "1.2 s",
      "59.9 s",
      "1 min 0 s",
      "2 min 5 s",
    ]);
  });

  it("how long ago", () => {
    assert.deepEqual(
      [0, 4_999, 5_000, 60_000, 3_599_000, 3_600_000, 86_400_000, 3 * 86_400_000].map((ms) => agoText(before(ms), now)),
      ["just now", "just now", "5 s ago", "1 min ago", "59 min ago", "1 h ago", "yesterday", "3 days ago"],
    );
  });

  it("sizes", () => {
    assert.deepEqual([0, 999, 1_000, 1_536, 150 * 2 ** 20, 2 ** 40].map(sizeText), ["0 B", "999 B", "1 kB", "1.5 kB", "150 MB", "1 TB"]);
  });

  it("times that people write", () => {
    assert.deepEqual(
      ["10m", "90s", "2h", "1d", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"].map((text) => sinceTime(text, now)),
      [before(600_000), before(90_000), before(7_200_000), before(86_400_000), "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"],
    );
    for (const text of ["", "10", "m", "-5m", "yesterday", "2026-99-99", "1e9h"]) assert.throws(() => sinceTime(text, now), { code: "usage" });
  });
});

describe("tables", () => {
  it("are aligned for people", () => {
    assert.deepEqual(
      alignedTable(
        ["app", "url"],
        [
          ["a", "https://a"],
          ["longer", ""],
        ],
      ),
      ["APP     URL", "a       https://a", "longer"],
    );
  });
  it("are separated by tabs for programs, one line a row", () => {
    assert.deepEqual(
      tabbedTable([
        ["a\tb", "c\nd"],
        ["e", "f"],
      ]),
      ["a b\tc d", "e\tf"],
    );
  });
});

describe("text of strangers", () => {
  for (const [what, text, expected] of [
    ["colours", "\u001b[31mred\u001b[0m", "red"],
    ["a title", "\u001b]0;owned\u0007x", "x"],
    ["a link", "\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\", "text"],
    ["clearing", "a\u001b[2Jb\u001bcd", "abd"],
    ["an unfinished title", "a\u001b]0;x", "a"],
    ["8-bit control", "a\u009b31mb", "a31mb"],
    ["overwriting", "good\rbad\bx", "goodbadx"],
    ["turned writing", "a\u202eb", "ab"],
    ["tabs and umlauts", "a\tü 😀", "a\tü 😀"],
  ] as const)
    it(`cannot drive the terminal: ${what}`, () => assert.equal(safeText(text), expected));
});

it("colours are words alone when there are none", () => {
  assert.equal(coloursWhen(false).red("x"), "x");
  assert.equal(coloursWhen(true).red("x"), "\u001b[31mx\u001b[39m");
});
