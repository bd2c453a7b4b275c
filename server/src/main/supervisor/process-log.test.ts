import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Home, homeAt } from "#platform/home.ts";
import { causeOf, processLogPath, rotateProcessLog, tellOfDamage, withProcessLog } from "./process-log.ts";

let home: Home;
before(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), "slip-log-")));
  mkdirSync(home.processLogs);
});
after(() => rmSync(home.root, { recursive: true }));

test("the cause of an end is shown, not the stack below it", () => {
  const node = ["old", "file:///x.ts:3", "  throw new Error()", "TypeError: x is undefined", "    at a", "    at b", "    at c", "", "Node.js v26"];
  assert.deepEqual(causeOf(node.join("\n"), 2), ["TypeError: x is undefined", "    at a"]);
  assert.deepEqual(causeOf("a\n2026-01-01 [1] FATAL:  no room\n2026-01-01 [1] HINT:  make some\n", 5), [
    "2026-01-01 [1] FATAL:  no room",
    "2026-01-01 [1] HINT:  make some",
  ]);
  assert.deepEqual(causeOf("a\nb\nc\n", 2), ["b", "c"]);
});

test("of an error of PostgreSQL the message is shown, and damage is known by it", () => {
  const printed = [
    "PostgresError: invalid page in block 0 of relation base/16385/2601",
    "    at x {",
    "  severity_local: 'FATAL',",
    "  severity: 'FATAL',",
    "  code: 'XX001'",
    "}",
  ];
  assert.deepEqual(causeOf(printed.join("\n"), 2), printed.slice(0, 2));
  assert.ok(tellOfDamage(printed.slice(0, 1)) && tellOfDamage(printed.slice(4)));
  assert.ok(!tellOfDamage(["PostgresError: password authentication failed", "  code: '28P01'"]));
});

test("a log that is full is put aside, and who writes it goes on at its start", () => {
  withProcessLog(home, "thing", (file) => {
    writeSync(file, Buffer.alloc(8 * 2 ** 20, "x"));
    rotateProcessLog(home, "thing");
    writeSync(file, "after");
  });
  assert.equal(readFileSync(processLogPath(home, "thing"), "utf8"), "after");
  assert.equal(statSync(`${processLogPath(home, "thing")}.1`).size, 8 * 2 ** 20);
  rotateProcessLog(home, "thing");
  assert.equal(readFileSync(processLogPath(home, "thing"), "utf8"), "after");
  rotateProcessLog(home, "absent");
});
