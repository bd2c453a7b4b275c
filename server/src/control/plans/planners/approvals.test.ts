// What plans of decisions say, as values.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApprovalRow } from "../../approvals/approval.ts";
import { type Asked, stateOfAsked } from "../asked.ts";
import { plannerOf } from "../planners.ts";

const row = {
  id: "apv_1",
  operation: "apps.destroy",
  actor: "claude for ada",
  shown: { app: "shop" },
  beyond: [{ kind: "verb", verb: "destroy" }],
  approvedBefore: [{ by: "ada", beyond: [{ kind: "app", app: "shop" }] }],
} as unknown as ApprovalRow;
const planned: Asked = {
  kind: "planned",
  planned: {
    changes: [{ what: "app", from: "live" }],
    interrupts: [{ what: "requests", why: "because" }],
    quota: [],
    inverse: { operation: "apps.restore", input: { app: "shop" } },
  },
  effect: "destroy",
  fingerprint: { "app shop": "app_1" },
};
const approve = (asked: Asked) => plannerOf("approvals.approve").planner.plan({} as never, { row, asked } as never);

test("to approve shows who asked, all that is lifted, and what would be done with what interrupts and undoes it", () => {
  const { changes, interrupts, inverse, effect } = approve(planned);
  assert.deepEqual(changes, [
    { what: "approval apv_1", from: "pending", to: "approved" },
    { what: "done once", to: 'apps.destroy {"app":"shop"}' },
    { what: "asked by", to: "claude for ada" },
    { what: "lifted for it", to: "The grant does not cover the app shop. The token may not destroy." },
    { what: "app", from: "live" },
  ]);
  assert.deepEqual([interrupts[0]?.what, inverse?.operation, effect], ["requests", "apps.restore", "destroy"]);
});

test("what would be refused as it stands is said to be", () => {
  const { changes, effect } = approve({ kind: "refused", why: "There is no app shop." });
  assert.deepEqual([changes.at(-1), effect], [{ what: "what it would do", to: "nothing: There is no app shop." }, "destroy"]);
});

test("to deny shows what is not done", () => {
  const { changes, interrupts } = plannerOf("approvals.deny").planner.plan({} as never, { row } as never);
  assert.deepEqual(changes, [
    { what: "approval apv_1", from: "pending", to: "denied" },
    { what: "asked", from: 'apps.destroy {"app":"shop"}' },
  ]);
  assert.equal(interrupts[0]?.what, "what claude for ada has asked for");
});

test("what would be done is remembered by the state that it was made of, in whatever order that was read", () => {
  const other = { ...planned, fingerprint: { "app shop": "app_2" } };
  const [one, two] = [
    { ...planned, fingerprint: { a: "1", b: "2" } },
    { ...planned, fingerprint: { b: "2", a: "1" } },
  ];
  assert.notDeepEqual(stateOfAsked(planned), stateOfAsked(other));
  assert.deepEqual(stateOfAsked(one), stateOfAsked(two));
  assert.deepEqual(stateOfAsked({ kind: "gone" }), {});
});
