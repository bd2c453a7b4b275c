import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Plan } from "@slipstream/contract/plan.ts";
import { Installation } from "./installation.ts";

describe("the plan of an audit that mends", () => {
  const installation = new Installation();
  /** What nothing needs: as of a build that was cut off. */
  const left = (name: string): string => join(installation.home, "cache", "builds", name);
  const plan = async (): Promise<Plan> => Plan.parse(JSON.parse(await installation.expect(0, ["doctor", "--deep", "--plan", "--json"])));
  const found = ({ changes }: Plan): string[] => changes.map(({ what }) => what).sort();
  before(async () => {
    await installation.up();
  });
  after(() => installation.end());

  it("names nothing where nothing is to be mended", async () => {
    assert.deepEqual(found(await plan()), []);
  });

  it("names what it found and leaves it, and that is mended when it is applied", async () => {
    mkdirSync(left("left-one"), { recursive: true });
    const made = await plan();
    assert.deepEqual(made.changes, [{ what: "orphan workspace left-one", from: "Nothing needs it." }]);
    assert.ok(existsSync(left("left-one")));
    const told = await installation.expect(0, ["apply", made.plan]);
    assert.match(told, /^mended\torphan\tworkspace\tleft-one\t/);
    assert.ok(!existsSync(left("left-one")));
  });

  it("mends nothing where there is something else to mend by now", async () => {
    mkdirSync(left("left-two"), { recursive: true });
    const made = await plan();
    mkdirSync(left("left-three"));
    const { stderr } = await installation.slip(["apply", made.plan]);
    assert.match(stderr, /orphan workspace left-three is there now/);
    assert.deepEqual([existsSync(left("left-two")), existsSync(left("left-three"))], [true, true]);
    const next = await plan();
    assert.deepEqual(found(next), ["orphan workspace left-three", "orphan workspace left-two"]);
    await installation.expect(0, ["apply", next.plan]);
    assert.deepEqual([existsSync(left("left-two")), existsSync(left("left-three"))], [false, false]);
  });
});
