import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { lineOf, queryOf, textsOf } from "@slipstream/contract/ports/log-store.conformance.ts";
import { collectLogs } from "./collect.ts";
import { logReader } from "./reader.ts";
import { logWriter } from "./writer.ts";

const root = mkdtempSync(join(tmpdir(), "slip-collect-logs-"));
after(() => rmSync(root, { recursive: true }));

/** Lines of some seconds, in segments of about ten lines. */
const write = async (folder: string, app: string, texts: readonly string[]): Promise<void> => {
  const writer = logWriter(folder, { segmentBytes: 8_192 });
  for (const text of texts) {
    writer.append({ ...lineOf(`${text} ${"x".repeat(1_000)}`), app });
    await writer.flush();
  }
};
const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name} ${index}.`);
const segmentsOf = (folder: string, app: string): string[] => readdirSync(join(folder, "local", "default", app, "runtime"));

test("the oldest lines go, of any process and app, the newest stay readable, and who writes goes on", async () => {
  const [host, edge] = [join(root, "host"), join(root, "edge", "edge-0")];
  await write(host, "old", numbered("old", 40));
  await write(edge, "middle", numbered("middle", 40));
  const going = logWriter(host, { segmentBytes: 8_192 });
  for (const text of numbered("new", 20)) {
    going.append({ ...lineOf(`${text} ${"x".repeat(1_000)}`), app: "new" });
    await going.flush();
  }
  const { removed, freedBytes } = await collectLogs(root, 64 * 1_024);
  assert.ok(removed >= 4 && freedBytes >= removed * 4_096, JSON.stringify({ removed, freedBytes }));
  assert.equal(segmentsOf(host, "old").length, 1, "of what is oldest the last segment alone stays");
  going.append({ ...lineOf("and on"), app: "new" });
  await going.flush();
  const reader = logReader([host, edge]);
  const texts = async (app: string) => textsOf(await reader.search({ ...queryOf(), app, limit: 1_000 })).map((text) => text.replace(/ x+$/, ""));
  assert.equal((await texts("old")).at(-1), "old 39.");
  assert.deepEqual(await texts("new"), [...numbered("new", 20), "and on"]);
  assert.deepEqual(await collectLogs(root, 64 * 1_024), { removed: 0, freedBytes: 0 });
});

test("logs within their limit, and a folder without any, are left alone", async () => {
  mkdirSync(join(root, "empty"));
  assert.deepEqual(await collectLogs(join(root, "empty"), 0), { removed: 0, freedBytes: 0 });
  assert.deepEqual(await collectLogs(join(root, "none"), 0), { removed: 0, freedBytes: 0 });
  assert.deepEqual(await collectLogs(root, 2 ** 40), { removed: 0, freedBytes: 0 });
});
