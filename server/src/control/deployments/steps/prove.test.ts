import assert from "node:assert/strict";
import { test } from "node:test";
import { objection } from "./prove.ts";

const expected = { deployment: "dep_new", artifact: "sha256:new" };

test("only the new release itself proves anything", () => {
  assert.equal(objection({ status: 200, ...expected }, expected), undefined);
  assert.equal(objection({ status: 404, ...expected }, expected), undefined, "the app's own 404 is an answer of the release");
  assert.match(objection({ status: 200, deployment: "dep_old", artifact: "sha256:new" }, expected) ?? "", /dep_old/);
  assert.match(objection({ status: 200, deployment: "dep_new", artifact: "sha256:old" }, expected) ?? "", /sha256:old/);
  assert.match(objection({ status: 200, deployment: undefined, artifact: undefined }, expected) ?? "", /no release/);
  assert.match(objection({ status: 502, ...expected }, expected) ?? "", /502/);
});
