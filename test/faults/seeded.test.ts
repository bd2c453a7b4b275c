import { after, before, describe, it } from "node:test";
import { seed as given, whole } from "../size.ts";
import { caseOf, cases } from "./seeded/cases.ts";
import { countsOf, timesOf } from "./seeded/counts.ts";
import { nameOf, type Passed, trial } from "./seeded/trial.ts";
import { World } from "./seeded/world.ts";

const runsAtLeast = 500;
const sampleRuns = 4;
const runsPerWorld = 100;

/** All cases, however many runs that takes; other delays each time. One seed, where one is given: `SLIP_SEED=… npm run test:faults`. */
const seeds = (): number[] => {
  if (given !== undefined) return [given];
  const count = whole ? Math.max(runsAtLeast, cases.length) : sampleRuns;
  const first = Math.floor(Math.random() * 1_000_000) * cases.length;
  return Array.from({ length: count }, (_, index) => first + index);
};

const groups = (all: readonly number[]): number[][] =>
  Array.from({ length: Math.ceil(all.length / runsPerWorld) }, (_, index) => all.slice(index * runsPerWorld, (index + 1) * runsPerWorld));

const passed: Passed[] = [];

for (const [index, group] of groups(seeds()).entries())
  describe(`kill -9 at a seeded moment, platform ${index + 1}`, { timeout: group.length * 240_000 }, () => {
    let world = new World();
    /** A platform on which something went wrong says nothing of the next run. */
    let isBroken = false;
    before(() => world.start());
    after(() => world.end());

    for (const seed of group)
      it(`seed ${seed}: ${nameOf(caseOf(seed))}`, async () => {
        if (isBroken) {
          await world.end();
          world = new World();
          await world.start();
        }
        isBroken = true;
        passed.push(await trial(world, seed));
        isBroken = false;
      });
  });

after(() => {
  const lines = [...countsOf(passed), `${passed.length} seeded runs passed; ${timesOf(passed)}`];
  process.stdout.write(`${lines.map((line) => `# ${line}`).join("\n")}\n`);
});
