import assert from "node:assert/strict";
import { test } from "node:test";
import { releaseToGoTo, restored, rollbackTarget, withBefore } from "./release.ts";

const deploy = (release: number) => ({ kind: "deploy" as const, release });
const rollback = (release: number) => ({ kind: "rollback" as const, release });
const restart = (release: number) => ({ kind: "restart" as const, release });

test("rollback goes to the release that was live before, and never to the one that was just left", () => {
  const cases: [Parameters<typeof rollbackTarget>[0], number | undefined][] = [
    [[], undefined],
    [[deploy(1)], undefined],
    [[deploy(1), deploy(2)], 1],
    [[deploy(1), deploy(2), deploy(3)], 2],
    [[deploy(1), deploy(2), deploy(3), rollback(2)], 1],
    [[deploy(1), deploy(2), rollback(1)], undefined],
    [[deploy(1), deploy(2), deploy(3), rollback(1), deploy(4)], 1],
    [[deploy(1), deploy(2), rollback(1), rollback(2)], 1],
    [[deploy(1), deploy(2), restart(2)], 1],
    [[deploy(1), { kind: "config", release: 2 }], 1],
  ];
  for (const [history, expected] of cases) assert.equal(rollbackTarget(history), expected, JSON.stringify(history));
});

test("a rollback that leads nowhere says which command shows where it could lead", () => {
  const of = { app: "shop", live: 2, history: [deploy(1), deploy(2)], kept: [1, 2] };
  assert.equal(releaseToGoTo({ ...of, asked: undefined }), 1);
  for (const wrong of [{ asked: 9 }, { asked: 2 }, { asked: undefined, history: [] }])
    assert.throws(() => releaseToGoTo({ ...of, ...wrong }), { code: "nothing_to_roll_back", next: "See 'slip releases shop'." });
});

test("settings go back with the release", () => {
  assert.deepEqual(restored({ current: { A: "2", B: "1" }, live: { A: "2", B: "1" }, target: { A: "1", C: "x" } }), { A: "1", C: "x" });
});

test("what was staged since the live release began stays staged", () => {
  assert.deepEqual(restored({ current: { A: "staged" }, live: { A: "2" }, target: { A: "1" } }), { A: "staged" });
  assert.deepEqual(restored({ current: { NEW: "staged" }, live: {}, target: {} }), { NEW: "staged" });
  assert.deepEqual(restored({ current: {}, live: { GONE: "1" }, target: { GONE: "1" } }), {});
});

test("settings that a deployment brought go back when it fails, others stay", () => {
  assert.deepEqual(withBefore({ A: "new", B: "b", C: "new" }, { A: "old", D: "gone" }, ["A", "C", "D"]), { B: "b", A: "old", D: "gone" });
});
