import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { z } from "zod";
import { expectationOf, mistakeOf } from "./expectation.ts";

const Kinds = z.discriminatedUnion("kind", [z.object({ kind: z.literal("tree") }), z.object({ kind: z.literal("git") })]);
const Command = z.union([z.string().max(5), z.array(z.string().max(5))]);

const cases: readonly [z.ZodType, unknown, string][] = [
  [z.string().max(3), "long", "at most 3 characters"],
  [z.string().min(1), "", "at least 1 character"],
  [z.int().max(32), 33, "at most 32"],
  [z.int().min(1), 0, "at least 1"],
  [z.number().gt(0), 0, "more than 0"],
  [z.number().lt(1), 1, "less than 1"],
  [z.array(z.string()).max(1), ["a", "b"], "at most 1 entry"],
  [z.array(z.string()).min(2), [], "at least 2 entries"],
  [z.int(), 1.5, "expected a whole number"],
  [z.int(), "1", "expected a number, not text"],
  [z.coerce.number(), "one", "expected a number, not text"],
  [z.string(), null, "expected text, not null"],
  [z.record(z.string(), z.string()), [], "expected an object, not a list"],
  [z.boolean(), "yes", "expected true or false, not text"],
  [z.string(), undefined, "missing, expected text"],
  [z.enum(["runc", "gvisor"]), "docker", 'expected one of "runc", "gvisor"'],
  [z.literal("v1"), "v2", 'expected "v1"'],
  [z.string().regex(/^[a-z]+$/, "small letters"), "A", "expected small letters"],
  [z.iso.datetime(), "soon", "expected a time such as 2026-01-31T12:00:00Z"],
  [z.url(), "here", "expected an address such as https://example.org"],
  [z.strictObject({}), { one: 1, two: 2 }, 'there is no "one", "two"'],
  [z.record(z.string().regex(/^[A-Z]+$/, "capital letters"), z.string()), { a: "" }, "expected capital letters"],
  [Command, 3, "expected text or a list, not a number"],
  [Command, "npm start", "at most 5 characters"],
  [Command, ["npm", "run-script"], "at most 5 characters"],
  [z.union([z.object({ file: z.string() }), z.object({ folder: z.string() })]), {}, "file: missing, expected text"],
  [Kinds, { kind: "zip" }, 'expected one of "tree", "git"'],
  [z.string().refine(() => false, "text without NUL"), "", "text without NUL"],
];

for (const [schema, value, words] of cases)
  test(`${inspect(value)} is told as "${words}"`, () => {
    const issue = schema.safeParse(value).error?.issues[0];
    assert.ok(issue);
    assert.equal(expectationOf(issue), words);
  });

test("a mistake is told with the place where it stands", () => {
  const schema = z.object({ routes: z.array(z.object({ port: z.int().max(65_535) })) });
  assert.equal(mistakeOf(schema.safeParse({ routes: [{ port: 1 }, { port: 70_000 }] }).error?.issues[0]), "routes.1.port: at most 65535");
  assert.equal(mistakeOf(schema.safeParse(3).error?.issues[0]), "input: expected an object, not a number");
});
