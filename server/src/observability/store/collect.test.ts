import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { lineOf, queryOf, textsOf } from "@slipstream/contract/ports/log-store.conformance.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import { collectLogs } from "./collect.ts";
import { isCompressed, segmentIn } from "./layout.ts";
import { logReader } from "./reader.ts";
import { logWriter } from "./writer.ts";

const root = mkdtempSync(join(tmpdir(), "slip-collect-logs-"));
after(() => rmSync(root, { recursive: true }));

/** A text that does not get much smaller. */
const long = (text: string): string => `${text} ${randomBytes(750).toString("base64")}`;

/** Lines of some seconds, in segments of about ten lines. */
const write = async (writer: LogWriter, app: string, texts: readonly string[]): Promise<void> => {
  for (const text of texts) {
    writer.append({ ...lineOf(long(text)), app });
    await writer.flush();
  }
};
const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name} ${index}.`);
const segmentsOf = (folder: string, app: string): string[] => readdirSync(join(folder, "local", "default", app, "runtime"));

/** Once all of the streams but their newest segments are compressed. */
const atRest = async (...streams: [folder: string, app: string][]): Promise<void> => {
  const isAtRest = (names: string[]): boolean => names.length === new Set(names.map(segmentIn)).size && names.filter(isCompressed).length === names.length - 1;
  while (!streams.every(([folder, app]) => isAtRest(segmentsOf(folder, app)))) await new Promise((resolve) => setTimeout(resolve, 5));
};

test("the oldest lines go, of any process and app, the newest stay readable, and who writes goes on", async () => {
  const [host, edge] = [join(root, "host"), join(root, "edge", "edge-0")];
  const going = logWriter(host, { segmentBytes: 8_192 });
  await write(going, "old", numbered("old", 40));
  await write(logWriter(edge, { segmentBytes: 8_192 }), "middle", numbered("middle", 40));
  await write(going, "new", numbered("new", 20));
  await atRest([host, "old"], [edge, "middle"], [host, "new"]);
  const { removed, freedBytes } = await collectLogs(root, 64 * 1_024);
  assert.ok(removed >= 4 && freedBytes >= removed * 4_096, JSON.stringify({ removed, freedBytes }));
  assert.equal(segmentsOf(host, "old").length, 1, "of what is oldest the last segment alone stays");
  going.append({ ...lineOf("and on"), app: "new" });
  await going.flush();
  const reader = logReader([host, edge]);
  const texts = async (app: string) => textsOf(await reader.search({ ...queryOf(), app, limit: 1_000 })).map((text) => text.replace(/ [^ ]{1000}$/, ""));
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
