import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const told = (scripts: Record<string, string>, more: object = {}): string =>
  (
    planOf(
      memoryTree({
        "package.json": JSON.stringify({ scripts, ...more }),
        "server/package.json": JSON.stringify({ dependencies: { express: "5" } }),
        "client/package.json": JSON.stringify({ devDependencies: { vite: "7" } }),
      }),
      {},
    ).notes ?? []
  ).join();

const both = 'concurrently "npm start --prefix server" "npm run dev --prefix client"';

test("packages that a start script runs and nobody installs are named", () => {
  assert.match(told({ start: both }), /^The start script runs what is in server, of which nothing is installed/);
  assert.match(told({ start: "npm run server", server: "cd server && node index.js" }), /what is in server/);
});

test("nothing is said where something installs them", () => {
  assert.equal(told({ start: both, postinstall: "npm install --prefix server" }), "");
  assert.equal(told({ start: both, build: "npm run all", all: "cd server && npm ci" }), "");
  assert.equal(told({ start: both }, { workspaces: ["server"] }), "");
  assert.equal(told({ start: "node server/index.js" }), "");
});
