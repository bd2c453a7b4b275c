import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { authorityIn } from "../../certificates/authority.ts";
import { objection, prove } from "./prove.ts";

const expected = { deployment: "dep_new", artifact: "sha256:new" };

test("only the new release itself proves anything", () => {
  assert.equal(objection({ status: 200, ...expected }, expected), undefined);
  assert.equal(objection({ status: 404, ...expected }, expected), undefined, "the app's own 404 is an answer of the release");
  assert.match(objection({ status: 200, deployment: "dep_old", artifact: "sha256:new" }, expected) ?? "", /dep_old/);
  assert.match(objection({ status: 200, deployment: "dep_new", artifact: "sha256:old" }, expected) ?? "", /sha256:old/);
  assert.match(objection({ status: 200, deployment: undefined, artifact: undefined }, expected) ?? "", /no release/);
  assert.match(objection({ status: 502, ...expected }, expected) ?? "", /502/);
});

test("what an edge was answered counts in place of one request from outside, where it is the new release's", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "slip-prove-"));
  context.after(() => rmSync(folder, { recursive: true }));
  // Who asks from outside is called off at once.
  const control = { authority: await authorityIn(folder, "Test"), installation: { httpsPort: 1 }, proofKey: "key" } as Parameters<typeof prove>[0];
  const proven = async (answer: Parameters<typeof objection>[0] | undefined, proofs = 1): Promise<boolean> => {
    const asked = { ...expected, host: "app.slip.localhost", path: "/", workload: "dep_new", proofs, answer };
    return prove(control, asked, AbortSignal.abort()).then(
      () => true,
      (error: Error) => {
        assert.equal(error.name, "AbortError");
        return false;
      },
    );
  };
  const good = { status: 200, ...expected };
  assert.deepEqual(
    await Promise.all([proven(good), proven(undefined), proven({ ...good, deployment: "dep_old" }), proven({ ...good, status: 502 }), proven(good, 3)]),
    [true, false, false, false, false],
  );
});
