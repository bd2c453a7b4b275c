import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Control } from "../control.ts";
import type { DeploymentRow } from "./deployment.ts";
import { stepsOf } from "./deployment-workflow.ts";
import { Driver } from "./driver.ts";

const [prepare, start, last] = stepsOf.deploy;
assert.ok(prepare && start && last);
const control = {} as Control;
const deployment = (id: string) => ({ id, appId: "app_1" }) as DeploymentRow;

/** A driver whose steps say when they are done, and the last of which ends the deployment. */
const driverThatSays = () => {
  const done: string[] = [];
  const driver = new Driver(async (_, id, { name }) => {
    await nextTurn();
    done.push(`${id}.${name}`);
    return name === last.name ? "ended" : "going-on";
  });
  return { driver, done };
};

test("nothing of an app comes between the steps of a deployment that is done as a whole", async () => {
  const { driver, done } = driverThatSays();
  const first = driver.all(control, deployment("a"), stepsOf.deploy);
  const second = driver.step(control, deployment("b"), start);
  const task = driver.take("app_1", async () => void done.push("task"));
  await Promise.all([first, second, task]);
  assert.deepEqual(done, ["a.prepare", "a.start", "a.switch", "b.start", "task"]);
});

test("a step that is asked for while it is done, or after it, is not done again before the deployment has ended", async () => {
  const { driver, done } = driverThatSays();
  const all = driver.all(control, deployment("a"), [prepare, start]);
  await Promise.resolve();
  await Promise.all([driver.step(control, deployment("a"), prepare), all]);
  await driver.step(control, deployment("a"), prepare);
  assert.deepEqual(done, ["a.prepare", "a.start"]);
  assert.equal(await driver.step(control, deployment("a"), last), "ended");
  await driver.step(control, deployment("a"), prepare);
  assert.deepEqual(done, ["a.prepare", "a.start", "a.switch", "a.prepare"]);
});

test("a step that failed is done again when it is asked for again", async () => {
  let tries = 0;
  const driver = new Driver(async () => {
    tries += 1;
    if (tries === 1) throw new Error("PostgreSQL is away");
    return "going-on";
  });
  await assert.rejects(driver.step(control, deployment("a"), start));
  assert.equal(await driver.step(control, deployment("a"), start), "going-on");
});
