import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { readEnvironment } from "../environment.ts";
import { openSession } from "../platform/session.ts";
import { screenOf } from "../terminal/screen.ts";
import { TinyPlatform } from "../testing/tiny-platform.ts";
import { withSource } from "./folder.ts";
import type { Json, Request } from "./message.ts";

describe("a folder in a call", () => {
  let platform: TinyPlatform;
  let folder: string;
  beforeEach(async () => {
    platform = new TinyPlatform();
    await platform.start();
    folder = join(platform.home, "shop");
    mkdirSync(folder);
    writeFileSync(join(folder, "index.html"), "shop");
  });
  afterEach(() => platform.end());

  const sent = async (name: string, given: Json): Promise<Json | undefined> => {
    const environment = { ...readEnvironment({ SLIP_HOME: platform.home, XDG_CACHE_HOME: platform.home }), root: true };
    const folders = { environment, session: openSession(environment, screenOf(environment, false)), allowed: [platform.home] };
    const request: Request = { id: 1, method: "tools/call", params: { name, arguments: given } };
    return (await withSource(folders, request, new AbortController().signal)).params?.arguments as Json | undefined;
  };

  it("is sent, and its source stands in its place, also where the deploying is planned", async () => {
    const called = await sent("deploy", { folder, app: "a" });
    const [tree] = platform.sources.keys();
    assert.deepEqual(called, { app: "a", tree });
    assert.deepEqual(await sent("plan", { tool: "deploy", input: { folder: "shop" } }), { tool: "deploy", input: { tree } });
  });

  it("is left alone where nothing is deployed, and refused outside", async () => {
    assert.deepEqual(await sent("plan", { tool: "scale", input: { folder } }), { tool: "scale", input: { folder } });
    await assert.rejects(sent("plan", { tool: "deploy", input: { folder: "/etc" } }), { code: "forbidden" });
  });
});
