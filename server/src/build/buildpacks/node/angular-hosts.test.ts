import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const notes = (files: Record<string, string>, config: AppConfig = {}, dependencies: Record<string, string> = { "@angular/ssr": "21" }): number =>
  planOf(memoryTree({ "package.json": JSON.stringify({ scripts: { start: "node server.mjs" }, dependencies }), ...files }), config).notes?.length ?? 0;

test("Angular's server that knows no host name is told of, and no other server", () => {
  assert.deepEqual([notes({}), notes({ "angular.json": '{ "security": { "allowedHosts": [] } }' }), notes({}, {}, { express: "5" })], [1, 1, 0]);
});

test("where its settings, its program or slip.toml name one, nothing is said", () => {
  assert.equal(notes({ "angular.json": '{ "allowedHosts": [\n "shop.example.org" ] }' }), 0);
  assert.equal(notes({ "src/server.ts": "new AngularNodeAppEngine({ allowedHosts: ['shop.example.org'] })" }), 0);
  assert.equal(notes({}, { run: { env: { NG_ALLOWED_HOSTS: "shop.example.org" } } }), 0);
});
