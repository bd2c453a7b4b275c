import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { LogLine } from "@slipstream/contract/logs.ts";
import type { LogQuery } from "@slipstream/contract/ports/log-store.ts";
import type { Log } from "#platform/log.ts";
import { logReader } from "./reader.ts";
import { logWriter } from "./writer.ts";

const root = mkdtempSync(join(tmpdir(), "slip-logs-"));
after(() => rmSync(root, { recursive: true, force: true }));
/** A path where nothing is yet. */
const newFolder = (): string => join(mkdtempSync(join(root, "f-")), "logs");

const at = (seconds: number): string => new Date(1_800_000_000_000 + seconds * 1_000).toISOString();
const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({
  tenant: "local",
  project: "default",
  app: "shop",
  deployment: "dep_1",
  commit: "",
  instance: "",
  time: at(0),
  source: "runtime",
  stream: "stdout",
  text,
  ...more,
});
const query = (more: Partial<LogQuery> = {}): LogQuery => ({ tenant: "local", project: "default", app: "shop", sources: ["runtime"], limit: 1_000, ...more });
const texts = (lines: readonly LogLine[]): string[] => lines.map((each) => each.text);
const stream = (folder: string): string => join(folder, "local", "default", "shop", "runtime");

const listeningLog = () => {
  const said: string[] = [];
  const log: Log = { info: () => {}, warn: (message) => said.push(message), error: (message) => said.push(message) };
  return { said, log };
};

/** Lines that `follow` gives, until there are `count`. */
const take = async (lines: AsyncIterable<LogLine>, count: number): Promise<string[]> => {
  const taken: string[] = [];
  for await (const each of lines) {
    taken.push(each.text);
    if (taken.length === count) break;
  }
  return taken;
};

describe("the log store", () => {
  it("gives back what was appended, and is on disk within 200 ms without a flush", async () => {
    const folder = newFolder();
    logWriter(folder).append(line("hello"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(await logReader([folder]).search(query()), [line("hello")]);
  });

  it("merges the folders of several processes by time", async () => {
    const [host, edge] = [newFolder(), newFolder()];
    const [first, second] = [logWriter(host), logWriter(edge)];
    for (const seconds of [1, 3, 5]) first.append(line(`host ${seconds}`, { time: at(seconds) }));
    for (const seconds of [2, 4]) second.append(line(`edge ${seconds}`, { time: at(seconds), source: "edge" }));
    await Promise.all([first.flush(), second.flush()]);
    const found = await logReader([host, edge]).search(query({ sources: ["runtime", "edge"] }));
    assert.deepEqual(texts(found), ["host 1", "edge 2", "host 3", "edge 4", "host 5"]);
  });

  it("finds by text, deployment, time and number", async () => {
    const folder = newFolder();
    const writer = logWriter(folder);
    for (let index = 0; index < 100; index += 1) writer.append(line(`line "${index}"`, { time: at(index), deployment: index < 50 ? "dep_1" : "dep_2" }));
    await writer.flush();
    const reader = logReader([folder]);
    assert.deepEqual(texts(await reader.search(query({ grep: '"42"' }))), ['line "42"']);
    assert.equal((await reader.search(query({ deployment: "dep_2" }))).length, 50);
    assert.deepEqual(texts(await reader.search(query({ since: at(98) }))), ['line "98"', 'line "99"']);
    assert.deepEqual(texts(await reader.search(query({ limit: 2 }))), ['line "98"', 'line "99"']);
    assert.deepEqual(await reader.search(query({ app: "other" })), []);
  });

  it("keeps the newest segments within the limit", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { segmentBytes: 10_000, limitBytes: 50_000 });
    for (let index = 0; index < 2_000; index += 1) {
      writer.append(line(`line ${index}`, { time: at(index) }));
      if (index % 20 === 0) await writer.flush();
    }
    await writer.flush();
    const sizes = readdirSync(stream(folder)).map((name) => statSync(join(stream(folder), name)).size);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(sizes.length > 2 && total <= 55_000, `${sizes}`);
    const found = texts(await logReader([folder]).search(query({ limit: 10_000 })));
    assert.equal(found.at(-1), "line 1999");
    assert.ok(found.length > 100 && found.length < 500);
    assert.equal(found[0], `line ${2_000 - found.length}`);
  });

  it("passes over a torn line, and goes on behind it after a restart", async () => {
    const folder = newFolder();
    const before = logWriter(folder);
    before.append(line("first"));
    await before.flush();
    const [segment] = readdirSync(stream(folder));
    appendFileSync(join(stream(folder), segment ?? ""), '{"tenant":"local","proj');
    const again = logWriter(folder);
    again.append(line("second", { time: at(1) }));
    await again.flush();
    assert.deepEqual(texts(await logReader([folder]).search(query())), ["first", "second"]);
  });

  it("cuts a line that is too long at a whole character", async () => {
    const folder = newFolder();
    const writer = logWriter(folder);
    writer.append(line("é".repeat(10_000)));
    await writer.flush();
    const [found] = await logReader([folder]).search(query());
    assert.match(found?.text ?? "", /^é{8192}… \(cut\)$/);
  });

  it("never leaves its folder", async () => {
    const folder = newFolder();
    const { said, log } = listeningLog();
    const writer = logWriter(folder, { log });
    for (const app of ["../../evil", "a/b", ".", "..", "a\0b"]) writer.append(line("x", { app }));
    await writer.flush();
    await writer.removeApp("..", "..", "..");
    assert.equal(existsSync(folder), false);
    assert.equal(said.length, 5);
    assert.deepEqual(await logReader([folder]).search(query({ app: "../shop" })), []);
  });

  it("bounds the memory of what waits, and says how many lines were lost", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { waitingBytes: 2_000 });
    for (let index = 0; index < 100; index += 1) writer.append(line(`line ${index}`, { time: at(index) }));
    await writer.flush();
    const found = texts(await logReader([folder]).search(query()));
    const kept = found.filter((text) => text.startsWith("line")).length;
    assert.ok(kept > 0 && kept < 100);
    assert.ok(found.some((text) => text.startsWith(`${100 - kept} lines were lost`)));
  });

  it("drops while it cannot write, says so once, and tells of the loss when it can again", async () => {
    const folder = newFolder();
    writeFileSync(folder, "in the way");
    const { said, log } = listeningLog();
    const writer = logWriter(folder, { log });
    for (const text of ["one", "two"]) {
      writer.append(line(text));
      await writer.flush();
    }
    rmSync(folder);
    writer.append(line("three"));
    await writer.flush();
    assert.deepEqual(said, ["log lines cannot be written and are dropped"]);
    const found = texts(await logReader([folder]).search(query()));
    assert.equal(found.length, 2);
    assert.match(found[0] ?? "", /^2 lines were lost/);
    assert.equal(found[1], "three");
  });

  it("removes an app with what still waits", async () => {
    const folder = newFolder();
    const writer = logWriter(folder);
    writer.append(line("written"));
    await writer.flush();
    writer.append(line("waiting"));
    await writer.removeApp("local", "default", "shop");
    await writer.flush();
    assert.equal(existsSync(join(folder, "local", "default", "shop")), false);
  });

  it("follows: what was, then what comes, over new segments and streams, once each and in order", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { segmentBytes: 500, delayMs: 5 });
    writer.append(line("past", { time: at(0) }));
    await writer.flush();
    const stop = new AbortController();
    const following = take(logReader([folder]).follow(query({ sources: ["runtime", "edge"] }), stop.signal), 102);
    for (let index = 1; index <= 100; index += 1) {
      writer.append(line(`line ${index}`, { time: at(index) }));
      if (index % 10 === 0) await writer.flush();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    writer.append(line("a request", { time: at(101), source: "edge" }));
    const expected = ["past", ...Array.from({ length: 100 }, (_, index) => `line ${index + 1}`), "a request"];
    assert.deepEqual(await following, expected);
    assert.ok(readdirSync(stream(folder)).length > 5);
    stop.abort();
  });

  it("follows a log that is not there yet, and ends when it is told to", async () => {
    const folder = newFolder();
    const stop = new AbortController();
    const lines = logReader([folder], { pollMs: 20 }).follow(query(), stop.signal);
    const first = take(lines, 1);
    const writer = logWriter(folder);
    writer.append(line("hello"));
    assert.deepEqual(await first, ["hello"]);
    const rest = take(logReader([folder]).follow(query(), stop.signal), 99);
    setTimeout(() => stop.abort(), 30);
    assert.deepEqual(await rest, ["hello"]);
  });
});
