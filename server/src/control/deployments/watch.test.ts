import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment } from "@slipstream/contract/words.ts";
import { Changes } from "./changes.ts";
import { endedSoon } from "./watch.ts";

const begun: Deployment = {
  deployment: "dep_1",
  app: "shop",
  project: "default",
  tenant: "local",
  kind: "rollback",
  state: "running",
  phases: [],
  createdAt: "2026-01-01T00:00:00.000Z",
};
const live: Deployment = { ...begun, state: "live" };

test("one that ends within a moment is given as it ended, whatever was told of it before", async () => {
  const changes = new Changes();
  const answer = endedSoon({ changes }, begun, 60_000);
  changes.emit(begun.deployment);
  changes.emit(begun.deployment, { ...begun, phase: "switch" });
  changes.emit("dep_2", { ...live, deployment: "dep_2" });
  changes.emit(begun.deployment, live);
  assert.deepEqual(await answer, live);
});

test("one that takes longer is given as it was", async () => {
  assert.deepEqual(await endedSoon({ changes: new Changes() }, begun, 1), begun);
});
