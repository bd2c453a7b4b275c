// What every LogStore does. An adapter's test calls `logStoreConformance` with a way to open a new, empty store.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LogLine } from "../logs.ts";
import type { LogQuery, LogReader, LogWriter } from "./log-store.ts";

/** A store with two writers, as two processes have, and one reader of both. */
export interface OpenStore {
  first: LogWriter;
  second: LogWriter;
  reader: LogReader;
}

const at = (seconds: number): string => new Date(1_800_000_000_000 + seconds * 1_000).toISOString();
export const lineOf = (text: string, more: Partial<LogLine> = {}): LogLine => ({
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
export const queryOf = (more: Partial<LogQuery> = {}): LogQuery => ({
  tenant: "local",
  project: "default",
  app: "shop",
  sources: ["runtime"],
  limit: 1_000,
  ...more,
});
export const textsOf = (lines: readonly LogLine[]): string[] => lines.map((line) => line.text);

/** The texts that `follow` gives, until there are `count` or it ends. */
export const take = async (lines: AsyncIterable<LogLine>, count: number): Promise<string[]> => {
  const taken: string[] = [];
  for await (const line of lines) if (taken.push(line.text) === count) break;
  return taken;
};

const writing = (open: () => OpenStore): void => {
  it("gives back what was appended, soon and without a flush", async () => {
    const { first, reader } = open();
    first.append(lineOf("hello"));
    const found = async (): Promise<LogLine[]> => reader.search(queryOf());
    for (let left = 100; left > 0 && (await found()).length === 0; left -= 1) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(await found(), [lineOf("hello")]);
  });

  it("cuts a line that is too long at a whole character", async () => {
    const { first, reader } = open();
    first.append(lineOf("é".repeat(10_000)));
    await first.flush();
    assert.match((await reader.search(queryOf()))[0]?.text ?? "", /^é{8192}… \(cut\)$/);
  });

  it("removes an app with what still waits, and no other", async () => {
    const { first, reader } = open();
    first.append(lineOf("written"));
    first.append(lineOf("another's", { app: "blog" }));
    await first.flush();
    first.append(lineOf("waiting"));
    await first.removeApp("local", "default", "shop");
    await first.flush();
    assert.deepEqual(await reader.search(queryOf()), []);
    assert.deepEqual(textsOf(await reader.search(queryOf({ app: "blog" }))), ["another's"]);
  });
};

const searching = (open: () => OpenStore): void => {
  it("merges what several processes wrote by time", async () => {
    const { first, second, reader } = open();
    for (const seconds of [1, 3, 5]) first.append(lineOf(`host ${seconds}`, { time: at(seconds) }));
    for (const seconds of [2, 4]) second.append(lineOf(`edge ${seconds}`, { time: at(seconds), source: "edge" }));
    await Promise.all([first.flush(), second.flush()]);
    assert.deepEqual(textsOf(await reader.search(queryOf({ sources: ["runtime", "edge"] }))), ["host 1", "edge 2", "host 3", "edge 4", "host 5"]);
  });

  it("finds by text, deployment, time and number", async () => {
    const { first, reader } = open();
    for (let index = 0; index < 100; index += 1) first.append(lineOf(`line "${index}"`, { time: at(index), deployment: index < 50 ? "dep_1" : "dep_2" }));
    await first.flush();
    assert.deepEqual(textsOf(await reader.search(queryOf({ grep: '"42"' }))), ['line "42"']);
    assert.equal((await reader.search(queryOf({ deployment: "dep_2" }))).length, 50);
    assert.deepEqual(textsOf(await reader.search(queryOf({ since: at(98) }))), ['line "98"', 'line "99"']);
    assert.deepEqual(textsOf(await reader.search(queryOf({ limit: 2 }))), ['line "98"', 'line "99"']);
  });

  it("keeps the order of what was written when the clock is set back", async () => {
    const { first, second, reader } = open();
    for (const seconds of [3_600, 3_602, 10, 12]) first.append(lineOf(`host ${seconds}`, { time: at(seconds) }));
    for (const seconds of [3_601, 11]) second.append(lineOf(`edge ${seconds}`, { time: at(seconds), source: "edge" }));
    await Promise.all([first.flush(), second.flush()]);
    const texts = textsOf(await reader.search(queryOf({ sources: ["runtime", "edge"] })));
    const of = (name: string): string[] => texts.filter((text) => text.startsWith(name));
    assert.deepEqual([...of("host"), ...of("edge")], ["host 3600", "host 3602", "host 10", "host 12", "edge 3601", "edge 11"]);
    assert.deepEqual(textsOf(await reader.search(queryOf({ limit: 1 }))), ["host 12"]);
  });

  it("gives the lines of one app of one tenant alone", async () => {
    const { first, reader } = open();
    first.append(lineOf("mine"));
    await first.flush();
    for (const other of [{ tenant: "else" }, { project: "else" }, { app: "else" }, { app: "../shop" }])
      assert.deepEqual(await reader.search(queryOf(other)), []);
  });
};

const following = (open: () => OpenStore): void => {
  it("follows: what was, then what comes, of all sources, once each and in order", async () => {
    const { first, second, reader } = open();
    first.append(lineOf("past", { time: at(0) }));
    await first.flush();
    const stop = new AbortController();
    const taken = take(reader.follow(queryOf({ sources: ["runtime", "edge"] }), stop.signal), 102);
    for (let index = 1; index <= 100; index += 1) {
      first.append(lineOf(`line ${index}`, { time: at(index) }));
      if (index % 10 === 0) await first.flush();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    second.append(lineOf("a request", { time: at(101), source: "edge" }));
    assert.deepEqual(await taken, ["past", ...Array.from({ length: 100 }, (_, index) => `line ${index + 1}`), "a request"]);
    stop.abort();
  });

  it("follows what is written after the clock was set back, whatever time was asked for", async () => {
    const { first, reader } = open();
    first.append(lineOf("too old", { time: at(0) }));
    first.append(lineOf("past", { time: at(3_600) }));
    await first.flush();
    const stop = new AbortController();
    const taken = take(reader.follow(queryOf({ since: at(3_000) }), stop.signal), 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    first.append(lineOf("set back", { time: at(10) }));
    setTimeout(() => stop.abort(), 2_000);
    assert.deepEqual(await taken, ["past", "set back"]);
  });

  it("follows a log that is not there yet, and ends when it is told to", async () => {
    const { first, reader } = open();
    const stop = new AbortController();
    const taken = take(reader.follow(queryOf(), stop.signal), 99);
    first.append(lineOf("hello"));
    setTimeout(() => stop.abort(), 600);
    assert.deepEqual(await taken, ["hello"]);
  });
};

/** The tests of the port. `open` gives a store that nothing was written to. */
export const logStoreConformance = (name: string, open: () => OpenStore): void => {
  describe(`${name}, as a log store`, () => {
    writing(open);
    searching(open);
    following(open);
  });
};
