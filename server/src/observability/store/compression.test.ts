import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { lineOf, queryOf, textsOf } from "@slipstream/contract/ports/log-store.conformance.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import type { Log } from "#platform/log.ts";
import { compressSegment, readCompressed, type Step } from "./compression.ts";
import { Compressor } from "./compressor.ts";
import { compressedName, isCompressed, isDraft, nameSegment, newDraftName, segmentsOf } from "./layout.ts";
import { formatLine } from "./line.ts";
import { logReader } from "./reader.ts";
import { logWriter } from "./writer.ts";

const root = mkdtempSync(join(tmpdir(), "slip-compressed-logs-"));
after(() => rmSync(root, { recursive: true, force: true }));
const newFolder = (): string => mkdtempSync(join(root, "f-"));
const streamIn = (folder: string): string => join(folder, "local", "default", "shop", "runtime");
const filesIn = (folder: string): string[] => readdirSync(streamIn(folder)).sort();
const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

const segmentBytes = 2_000;
const at = (second: number): string => new Date(1_700_000_000_000 + second * 1_000).toISOString();
const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `line ${from + index}`);

const write = async (writer: LogWriter, texts: readonly string[]): Promise<void> => {
  for (const text of texts) {
    const second = Number(text.split(" ")[1]);
    writer.append(lineOf(text, { time: at(second), deployment: second < 50 ? "dep_1" : "dep_2" }));
    await writer.flush();
  }
};

/** All but the newest segment are compressed, and nothing else is there. */
const isAtRest = (folder: string): boolean => {
  const files = filesIn(folder);
  return files.length === segmentsOf(files).length && files.slice(0, -1).every(isCompressed) && !readdirSync(folder).some(isDraft);
};
const atRest = async (folder: string): Promise<void> => {
  while (!isAtRest(folder)) await new Promise((resolve) => setTimeout(resolve, 5));
};
const all = (folder: string): Promise<string[]> => logReader([folder]).search(queryOf()).then(textsOf);

/** A stream of 100 lines in segments that are not compressed, of which the writer is gone. */
const plainStream = (folder: string): string[] => {
  mkdirSync(streamIn(folder), { recursive: true });
  const lines = numbered(100).map((text) => formatLine(lineOf(text), 1_000));
  for (let from = 0; from < lines.length; from += 8)
    writeFileSync(join(streamIn(folder), nameSegment(1_700_000_000_000 + from, [])), lines.slice(from, from + 8).join(""));
  assert.ok(filesIn(folder).length > 5 && !filesIn(folder).some(isCompressed));
  return filesIn(folder);
};

describe("segments that are full", () => {
  it("are compressed, and searched as before", async () => {
    const folder = newFolder();
    await write(logWriter(folder, { segmentBytes }), numbered(100));
    await atRest(folder);
    assert.ok(filesIn(folder).length > 5);
    const search = (more: object): Promise<string[]> => logReader([folder]).search(queryOf(more)).then(textsOf);
    assert.deepEqual(await search({}), numbered(100));
    assert.deepEqual(await search({ limit: 3 }), numbered(3, 97));
    assert.deepEqual(await search({ grep: "line 7" }), ["line 7", ...numbered(10, 70)]);
    assert.deepEqual(await search({ since: at(60) }), numbered(40, 60));
    assert.deepEqual(await search({ deployment: "dep_1" }), numbered(50));
  });

  it("are followed on by who had read them only in part", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { segmentBytes });
    await write(writer, numbered(1));
    const stop = new AbortController();
    const lines = logReader([folder], { pollMs: 20 }).follow(queryOf(), stop.signal)[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value?.text, "line 0");
    await write(writer, numbered(99, 1));
    await atRest(folder);
    for (const text of numbered(99, 1)) assert.equal((await lines.next()).value?.text, text);
    stop.abort();
  });

  it("stay within the stream's limit, which counts their text", async () => {
    const folder = newFolder();
    const options = { segmentBytes, limitBytes: 5 * segmentBytes };
    await write(logWriter(folder, options), numbered(100));
    await atRest(folder);
    const kept = filesIn(folder).length;
    assert.ok(kept >= 3 && kept <= 5, `${kept} segments`);
    await write(logWriter(folder, options), numbered(100, 100));
    await atRest(folder);
    assert.ok(filesIn(folder).length <= 5);
    assert.equal((await all(folder)).at(-1), "line 199");
  });

  it("are for the group to read as the others are", async () => {
    const folder = newFolder();
    await write(logWriter(folder, { segmentBytes }), numbered(20));
    await atRest(folder);
    for (const file of filesIn(folder)) assert.equal(statSync(join(streamIn(folder), file)).mode & 0o777, 0o640);
  });

  it("go with their app, also while they are being compressed", async () => {
    const folder = newFolder();
    const writer = logWriter(folder, { segmentBytes });
    await write(writer, numbered(100));
    await writer.removeApp("local", "default", "shop");
    await write(writer, ["line 1"]);
    assert.deepEqual(await all(folder), ["line 1"]);
    assert.equal(filesIn(folder).length, 1);
  });
});

describe("compressing that is disturbed", () => {
  const die = (path: string, draft: string, step: Step): void => {
    const program = `import { compressSegment } from ${JSON.stringify(join(import.meta.dirname, "compression.ts"))};
      await compressSegment({ path: ${JSON.stringify(path)}, draft: ${JSON.stringify(draft)}, group: undefined,
        reached: (step) => void (step === "${step}" && process.kill(process.pid, "SIGKILL")) });`;
    assert.equal(spawnSync(process.execPath, ["--input-type=module", "-e", program]).signal, "SIGKILL");
  };

  for (const [step, left] of [
    ["drafted", [true, false, true]],
    ["named", [true, true, false]],
    ["done", [false, true, false]],
  ] as const)
    it(`loses no line and shows none twice when its process is killed once it is ${step}, and the next one goes on`, async () => {
      const folder = newFolder();
      const [first = ""] = plainStream(folder);
      const [path, draft] = [join(streamIn(folder), first), join(folder, newDraftName())];
      die(path, draft, step);
      const paths = [path, compressedName(path), draft];
      assert.deepEqual(paths.map(existsSync), left);
      assert.deepEqual(await all(folder), numbered(100));
      await write(logWriter(folder, { segmentBytes }), numbered(1, 100));
      await atRest(folder);
      assert.deepEqual(await all(folder), numbered(101));
    });

  it("removes what it made when somebody deletes the segment meanwhile", async () => {
    for (const step of ["drafted", "named"]) {
      const folder = newFolder();
      const [first = ""] = plainStream(folder);
      const [path, draft] = [join(streamIn(folder), first), join(folder, newDraftName())];
      await compressSegment({ path, draft, group: undefined, reached: (now) => void (now === step && rmSync(path)) });
      assert.deepEqual([path, compressedName(path), draft].map(existsSync), [false, false, false], step);
    }
  });

  it("leaves the text where the disk is full, and goes on when it has room", { skip: process.getuid?.() !== 0 && "only root can mount" }, async () => {
    const folder = newFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]);
    try {
      const files = plainStream(folder);
      const said: string[] = [];
      const compressor = new Compressor(folder, { group: undefined, log: { ...silent, warn: (message) => said.push(message) } });
      const filling = join(folder, "filling");
      assert.throws(() => writeFileSync(filling, Buffer.alloc(2 ** 20)), { code: "ENOSPC" });
      for (const file of files.slice(0, 2)) compressor.add(join(streamIn(folder), file));
      await compressor.idle();
      assert.equal(said.length, 1);
      assert.deepEqual(filesIn(folder), files);
      assert.equal(readdirSync(folder).some(isDraft), false);
      rmSync(filling);
      compressor.add(join(streamIn(folder), files[2] ?? ""));
      await compressor.idle();
      assert.deepEqual(filesIn(folder).slice(0, 3), files.slice(0, 3).map(compressedName));
      assert.deepEqual(await all(folder), numbered(100));
    } finally {
      execFileSync("umount", ["-l", folder]);
    }
  });

  it("is noticed where a compressed segment is damaged: the others are read", async () => {
    const folder = newFolder();
    await write(logWriter(folder, { segmentBytes }), numbered(100));
    await atRest(folder);
    const path = join(streamIn(folder), filesIn(folder)[0] ?? "");
    assert.ok((await readCompressed(path))?.includes("line 0"));
    writeFileSync(path, "no zstd");
    const found = await all(folder);
    assert.ok(found.length > 80 && found.length < 100 && found.at(-1) === "line 99");
  });
});
