import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Installation } from "./installation.ts";
import { jointInstallation } from "./joint-installation.ts";
import { newTree, nodeFiles } from "./sources.ts";

describe("two installations on one machine", () => {
  const [left, right] = [new Installation(), jointInstallation()];
  before(() => Promise.all([left.up(), right.up()]));
  after(async () => {
    await right.end();
  });

  it("serve an app of the same name each, and end alone", async () => {
    await Promise.all([left.deployLive(newTree("twin", nodeFiles('"left"'))), right.deployLive(newTree("twin", nodeFiles('"right"')))]);
    assert.equal((await left.request("twin")).body, "left");
    assert.equal((await right.request("twin")).body, "right");
    await left.end();
    assert.equal((await right.request("twin")).body, "right");
  });
});
