// Lines of an edge, which knows no secret, as they are read.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { limit } from "@slipstream/contract/limits.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import { logWriter } from "../observability/store/writer.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const written = async (app: string, texts: readonly string[]): Promise<void> => {
  const folder = join(plane.home.edgeLogs, "lines");
  mkdirSync(folder, { recursive: true });
  const writer = logWriter(folder, {});
  const line = { source: "edge", stream: "stdout", tenant: "local", project: "default", app, deployment: "dep_1", commit: "", instance: "" } as const;
  for (const text of texts) writer.append({ ...line, time: new Date().toISOString(), text });
  await writer.flush();
};

const read = async (app: string, grep?: string): Promise<string[]> => {
  const lines: LogLine[] = [];
  for await (const line of plane.client.lines("logs.read", { app, source: "edge", ...(grep === undefined ? {} : { grep }) })) lines.push(line);
  return lines.map(({ text }) => text);
};

test("a secret of the app in a path is not shown, nor found", async () => {
  await plane.client.call("apps.create", { app: "hooked" });
  await written("hooked", ["GET /hooks/pre%2Fcious-1/run 200", "GET /hooks/later-precious/run 200", "GET /plain 200"]);
  await plane.client.call("secrets.set", { app: "hooked", values: { HOOK: "pre/cious-1" } });
  assert.deepEqual(await read("hooked"), ["GET /hooks/[redacted]/run 200", "GET /hooks/later-precious/run 200", "GET /plain 200"]);
  assert.deepEqual(await read("hooked", "cious-1"), []);
  assert.deepEqual(await read("hooked", "/plain"), ["GET /plain 200"]);
  // One that is new is taken out from then on.
  await plane.client.call("secrets.set", { app: "hooked", values: { OTHER: "later-precious", LONG: "x".repeat(limit("edgeSecretBytes")) } });
  assert.deepEqual((await read("hooked"))[1], "GET /hooks/[redacted]/run 200");
});
