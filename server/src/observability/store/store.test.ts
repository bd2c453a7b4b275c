import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { lineOf, logStoreConformance, queryOf, take, textsOf } from "@slipstream/contract/ports/log-store.conformance.ts";
import type { Log } from "#platform/log.ts";
import { logReader } from "./reader.ts";
import { logWriter } from "./writer.ts";

const root = mkdtempSync(join(tmpdir(), "slip-logs-"));
after(() => rmSync(root, { recursive: true, force: true }));
/** A path where nothing is yet. */
const newFolder = (): string => join(mkdtempSync(join(root, "f-")), "logs");
const streamIn = (folder: string): string => join(folder, "local", "default", "shop", "runtime");

const listeningLog = () => {
  const said: string[] = [];
  const log: Log = { info: () => {}, warn: (message) => said.push(message), error: (message) => said.push(message) };
  return { said, log };
};

logStoreConformance("files of lines", () => {
  const [first, second] = [newFolder(), newFolder()];
  return { first: logWriter(first), second: logWriter(second), reader: logReader([first, second], { pollMs: 20 }) };
});

describe("the files of a log", () => {
  it("are for their group to read and nobody else", { skip: process.getuid?.() !== 0 && "only root can give files away" }, async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { group: 12_345 });
    writer.append(lineOf("hello"));
    await writer.flush();
    const [segment = ""] = readdirSync(streamIn(folder));
    const paths = [folder, join(folder, "local"), streamIn(folder), join(streamIn(folder), segment)].map((path) => statSync(path));
    assert.deepEqual(
      paths.map(({ mode, gid }) => [(mode & 0o777).toString(8), gid]),
      [
        ["750", 12_345],
        ["750", 12_345],
        ["750", 12_345],
        ["640", 12_345],
      ],
    );
  });

  it("are the newest within the limit", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { segmentBytes: 10_000, limitBytes: 50_000 });
    for (let index = 0; index < 2_000; index += 1) {
      writer.append(lineOf(`line ${index}`));
      if (index % 20 === 0) await writer.flush();
    }
    await writer.flush();
    const sizes = readdirSync(streamIn(folder)).map((name) => statSync(join(streamIn(folder), name)).size);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(sizes.length > 2 && total <= 55_000, `${sizes}`);
    const found = textsOf(await logReader([folder]).search(queryOf({ limit: 10_000 })));
    assert.ok(found.length > 100 && found.length < 500);
    assert.equal(found[0], `line ${2_000 - found.length}`);
    assert.equal(found.at(-1), "line 1999");
  });

  it("may hold a torn line: it is passed over, and a new writer goes on behind it", async () => {
    const folder = newFolder();
    const before = logWriter(folder);
    before.append(lineOf("first"));
    await before.flush();
    const [segment = ""] = readdirSync(streamIn(folder));
    appendFileSync(join(streamIn(folder), segment), '{"tenant":"local","proj');
    const again = logWriter(folder);
    again.append(lineOf("second"));
    await again.flush();
    assert.deepEqual(textsOf(await logReader([folder]).search(queryOf())), ["first", "second"]);
  });

  it("are followed from one to the next", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { segmentBytes: 500, delayMs: 5 });
    const stop = new AbortController();
    const taken = take(logReader([folder], { pollMs: 20 }).follow(queryOf(), stop.signal), 100);
    for (let index = 0; index < 100; index += 1) {
      writer.append(lineOf(`line ${index}`));
      if (index % 5 === 0) await writer.flush();
    }
    assert.deepEqual(
      await taken,
      Array.from({ length: 100 }, (_, index) => `line ${index}`),
    );
    assert.ok(readdirSync(streamIn(folder)).length > 5);
  });

  it("have a line that comes after a while at once, and those that follow it together", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { delayMs: 60_000 });
    const search = (): Promise<string[]> => logReader([folder]).search(queryOf()).then(textsOf);
    writer.append(lineOf("alone"));
    writer.append(lineOf("with it"));
    while ((await search()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    writer.append(lineOf("after it"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(await search(), ["alone", "with it"]);
    await writer.flush();
    assert.deepEqual(await search(), ["alone", "with it", "after it"]);
  });

  it("have every line of an app at once while somebody follows it", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { delayMs: 60_000 });
    const search = (more: object = {}): Promise<string[]> => logReader([folder]).search(queryOf(more)).then(textsOf);
    const written = async (text: string, more: object = {}): Promise<void> => {
      while ((await search(more)).at(-1) !== text) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    writer.append(lineOf("alone"));
    await written("alone");
    writer.append(lineOf("waits"));
    writer.append(lineOf("of another app", { app: "blog" }));
    writer.follow("local", "default", "shop");
    await written("waits");
    writer.append(lineOf("of a new stream", { source: "build" }));
    await written("of a new stream", { sources: ["build"] });
    writer.append(lineOf("goes on"));
    await written("goes on");
    assert.deepEqual(await search({ app: "blog" }), []);
    await writer.flush();
    assert.deepEqual(await search({ app: "blog" }), ["of another app"]);
  });

  it("wait for one another again when nobody says any more that they are followed", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { delayMs: 60_000, followedMs: 0 });
    const search = (): Promise<string[]> => logReader([folder]).search(queryOf()).then(textsOf);
    writer.append(lineOf("alone"));
    writer.follow("local", "default", "shop");
    while ((await search()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    writer.append(lineOf("waits"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(await search(), ["alone"]);
    await writer.flush();
    assert.deepEqual(await search(), ["alone", "waits"]);
  });

  it("are written once those of the same app that were removed are gone", async () => {
    const folder = newFolder();
    const writer = logWriter(folder);
    writer.append(lineOf("before"));
    await writer.flush();
    writer.append(lineOf("waits"));
    const removed = writer.removeApp("local", "default", "shop");
    writer.append(lineOf("after"));
    await Promise.all([removed, writer.flush()]);
    assert.deepEqual(textsOf(await logReader([folder]).search(queryOf())), ["after"]);
  });

  it("never lie outside of their folder", async () => {
    const folder = newFolder();
    const { said, log } = listeningLog();
    const writer = logWriter(folder, { log });
    for (const app of ["../../evil", "a/b", ".", "..", "a\0b"]) writer.append(lineOf("x", { app }));
    await writer.flush();
    await writer.removeApp("..", "..", "..");
    assert.equal(existsSync(folder), false);
    assert.equal(said.length, 5);
  });
});

describe("a writer in trouble", () => {
  it("bounds the memory of what waits, and says how many lines were lost", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { waitingBytes: 2_000 });
    for (let index = 0; index < 100; index += 1) writer.append(lineOf(`line ${index}`));
    await writer.flush();
    const found = textsOf(await logReader([folder]).search(queryOf()));
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
      writer.append(lineOf(text));
      await writer.flush();
    }
    rmSync(folder);
    writer.append(lineOf("three"));
    await writer.flush();
    assert.deepEqual(said, ["log lines cannot be written and are dropped"]);
    const [notice, last] = textsOf(await logReader([folder]).search(queryOf()));
    assert.match(notice ?? "", /^2 lines were lost/);
    assert.equal(last, "three");
  });
});
