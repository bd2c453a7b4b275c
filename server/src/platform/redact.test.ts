import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { redactorOf } from "./redact.ts";

const secret = 'p4ss"wörd/+ &1';
const redact = redactorOf([secret]);

describe("a redactor", () => {
  it("leaves other text as it is", () => assert.equal(redact("listening on 3000"), "listening on 3000"));

  const forms: [string, string][] = [
    ["plain", secret],
    ["JSON", JSON.stringify({ secret })],
    ["JSON in JSON", JSON.stringify(JSON.stringify({ secret }))],
    ["a URL part", encodeURIComponent(secret)],
    ["a URL part in lower case", encodeURIComponent(secret).toLowerCase()],
    ["a form", new URLSearchParams({ secret }).toString()],
    ["hexadecimal", Buffer.from(secret).toString("hex")],
    ["HTML", "p4ss&quot;wörd/+ &amp;1"],
  ];
  for (const [name, text] of forms)
    it(`finds ${name}`, () => {
      assert.match(redact(`x ${text} y`), /\[redacted\]/);
      assert.ok(!redact(`x ${text} y`).includes("4ss"), redact(text));
    });

  for (const before of ["", "a", "ab", "abc", "user:"])
    for (const encoding of ["base64", "base64url"] as const)
      it(`finds ${encoding} behind "${before}"`, () => {
        const text = redact(Buffer.from(`${before}${secret}@host`).toString(encoding));
        assert.match(text, /\[redacted\]/);
        assert.ok(!Buffer.from(text.replace("[redacted]", ""), "base64").toString("latin1").includes("4ss"));
      });

  it("replaces overlapping values as one", () => {
    assert.equal(redactorOf(["abcdef", "defghi", "abcd"])("<abcdefghi>"), "<[redacted]>");
  });

  it("finds a long value that a line holds in part", () => {
    const key = `${Array.from({ length: 4_000 }, (_, index) => String.fromCharCode(97 + ((index * index) % 26))).join("")}tail`;
    assert.ok(!redactorOf([key])(`key ${key.slice(0, 1_000)}`).includes(key.slice(0, 12)));
    assert.equal(redactorOf([key])(`key ${key}!`), "key [redacted]!");
  });

  describe("of a value of 64 KiB, whose every character is written in another way", () => {
    const large = Array.from({ length: 2 ** 16 }, (_, index) => "\"'<>&+%/ é"[(index * index + (index >> 5)) % 10]).join("");
    const redactLarge = redactorOf([large]);
    const [from, to] = [20_011, 20_111];
    const part = large.slice(from, to);
    for (const [name, text] of [
      ["a part", part],
      ["a part as JSON", JSON.stringify(part).slice(1, -1)],
      ["a part in a URL", encodeURIComponent(part)],
      ["a part in hexadecimal", Buffer.from(part).toString("hex")],
    ] as const)
      it(`finds ${name}, to its last character`, () => assert.equal(redactLarge(`key ${text}\tend`), "key [redacted]\tend"));
    it("finds it whole, and twice", () => assert.equal(redactLarge(`${large}\t${large}`), "[redacted]\t[redacted]"));
    it("finds its beginning where a line was cut", () => assert.equal(redactLarge(`key ${large.slice(0, 12)}`), "key [redacted]"));
    it("leaves what is another text", () => assert.equal(redactLarge("é".repeat(200)), "é".repeat(200)));
  });

  it("finds each of two long values that begin alike", () => {
    const [one, other] = ["a", "b"].map((letter) => `${"begin ".repeat(60)}${letter.repeat(300)}`);
    assert.equal(redactorOf([one ?? "", other ?? ""])(`<${one}> <${other}>`), "<[redacted]> <[redacted]>");
  });

  it("finds a value that a cut line ends in", () => {
    assert.equal(redactorOf(["correct-horse-battery"])("token correct-horse-b"), "token [redacted]");
    assert.equal(redactorOf(["correct-horse-battery"])("this is corr"), "this is corr");
  });

  it("finds each line of a value with several", () => {
    const redactPem = redactorOf(["-----BEGIN KEY-----\nMIGHAgEAMBMG\nabc\n-----END KEY-----"]);
    assert.equal(redactPem("  MIGHAgEAMBMG"), "  [redacted]");
    assert.equal(redactPem("abc"), "abc");
  });

  it("replaces short values as whole words only", () => {
    const redactShort = redactorOf(["a.b", "on", ""]);
    assert.equal(redactShort("on a.b axb online icon on."), "[redacted] [redacted] axb online icon [redacted].");
  });

  it("takes linear time on lines made to be slow", () => {
    const slow = redactorOf([`${"a".repeat(200)}b`, `${"a".repeat(199)}c`]);
    const timeOf = (length: number) => {
      const text = "a".repeat(length);
      const start = performance.now();
      slow(text);
      return performance.now() - start;
    };
    timeOf(100_000);
    assert.ok(timeOf(1_000_000) < 1_000);
  });
});
