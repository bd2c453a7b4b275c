import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { Change, TableMessage } from "./route-entry.ts";
import { RouteTable } from "./route-table.ts";
import { endOfTableFile, isOutgrown, linesOf, tableIn } from "./table-file.ts";

const id = (prefix: string, index: number) => `${prefix}_${String(index).padStart(26, "0")}`;

const app = (index: number, host: string): Change => ({
  kind: "app",
  id: `app_${index}`,
  value: [
    "local",
    "default",
    `app${index}`,
    id("dep", index),
    "",
    1,
    `sha256:${"0".repeat(64)}`,
    [[id("ins", index), "10.0.0.1:3000"]],
    false,
    null,
    [[host, "/"]],
  ],
});

const table = new RouteTable();
table.version = 7;
table.apply([{ kind: "platform", value: { hosts: ["slip.localhost"], proofKey: "0".repeat(64) } }, app(1, "one.localhost")]);
const delta: TableMessage = { kind: "delta", from: 7, to: 9, changes: [app(2, "two.localhost"), { kind: "app", id: "app_1", value: null }] };
const lines = [...linesOf([...table.messages(), delta])];
const bytes = Buffer.from(lines.join(""));

test("a table comes back with its changes as it was written, and what was written is JSON", () => {
  const found = tableIn(bytes);
  assert.deepEqual([found?.table.version, found?.table.appsOf("two.localhost"), found?.table.appsOf("one.localhost")], [9, ["app_2"], []]);
  assert.deepEqual([found?.chain.bytes, found?.wholeBytes], [bytes.length, bytes.length - Buffer.byteLength(lines.at(-1) ?? "")]);
  for (const line of lines) assert.ok(JSON.parse(line).message.kind);
});

test("whichever bit flips, there is no table", () => {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(tableIn(flipped), undefined, `bit ${bit}`);
  }
});

test("wherever it is cut off there is no table, but for the end of a change, before which it was the table", () => {
  const before = bytes.length - Buffer.byteLength(lines.at(-1) ?? "");
  for (let length = 0; length < bytes.length; length += 1)
    assert.equal(tableIn(bytes.subarray(0, length))?.table.version, length === before ? 7 : undefined, `${length} bytes`);
});

const endOf = (file: Buffer, pieceBytes = 100) =>
  endOfTableFile(
    Readable.from(Array.from({ length: Math.ceil(file.length / pieceBytes) }, (_, index) => file.subarray(index * pieceBytes, (index + 1) * pieceBytes))),
  );

test("the end of a file is found without its table, in pieces of any size", async () => {
  const found = tableIn(bytes);
  for (const pieceBytes of [1, 100, bytes.length])
    assert.deepEqual(await endOf(bytes, pieceBytes), { version: 9, chain: found?.chain, wholeBytes: found?.wholeBytes });
});

test("where a file was cut off, or a bit of it has flipped, it has no end to go on from", async () => {
  const before = bytes.length - Buffer.byteLength(lines.at(-1) ?? "");
  for (let length = 0; length < bytes.length; length += 1)
    assert.equal((await endOf(bytes.subarray(0, length)))?.version, length === before ? 7 : undefined, `${length} bytes`);
  for (let at = 0; at < bytes.length; at += 1) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 4;
    assert.equal(await endOf(flipped), undefined, `byte ${at}`);
  }
});

test("lines in another order, and one that is missing, make no table", () => {
  for (let left = 0; left < lines.length - 1; left += 1) assert.equal(tableIn(Buffer.from(lines.toSpliced(left, 1).join(""))), undefined);
  assert.equal(tableIn(Buffer.from([...lines, lines.at(-1)].join(""))), undefined);
});

test("a line of another file in the place of one makes no table", () => {
  const other = new RouteTable();
  other.version = 7;
  other.apply([{ kind: "platform", value: { hosts: ["slip.localhost"], proofKey: "1".repeat(64) } }, app(1, "other.localhost")]);
  const [begin, , ...rest] = lines;
  const [, part] = linesOf(other.messages());
  assert.equal(tableIn(Buffer.from([begin, part, ...rest].join(""))), undefined);
});

test("a file is written anew when its changes outgrow the table, and not before they are worth it", () => {
  const file = { chain: { digest: "", bytes: 150 }, wholeBytes: 100 };
  const outgrown = (bytes: number, leastBytes: number) => isOutgrown(file, { bytes, leastBytes });
  assert.deepEqual([outgrown(50, 10), outgrown(51, 10), outgrown(51, 200), outgrown(151, 200)], [false, true, false, true]);
});
