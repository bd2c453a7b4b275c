import { after, before, describe, it } from "node:test";
import { givenSeeds, whole } from "../size.ts";
import { caseOf, cases } from "./seeded/cases.ts";
import { countsOf, timesOf } from "./seeded/counts.ts";
import { nameOf, type Passed, trial } from "./seeded/trial.ts";
import { World } from "./seeded/world.ts";

const runsAtLeast = 500;
const sampleRuns = 3;
const runsPerWorld = 100;

const from = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);

/** All cases, however many runs that takes, or a few of them; others, and with other delays, each time. */
const seeds = (): readonly number[] => givenSeeds ?? from(Math.floor(Math.random() * 1_000_000_000), whole ? Math.max(runsAtLeast, cases.length) : sampleRuns);

const groups = (all: readonly number[]): number[][] =>
  Array.from({ length: Math.ceil(all.length / runsPerWorld) }, (_, index) => all.slice(index * runsPerWorld, (index + 1) * runsPerWorld));

const passed: Passed[] = [];

/** All that runs takes long: what failed is said at once. */
const told = async (seed: number, run: Promise<Passed>): Promise<Passed> => {
  try {
    return await run;
  } catch (error) {
    process.stdout.write(`# seed ${seed} failed: ${error}\n`);
    throw error;
  }
};

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
        passed.push(await told(seed, trial(world, seed)));
        isBroken = false;
      });
  });

after(() => {
  const lines = [...countsOf(passed), `${passed.length} seeded runs passed; ${timesOf(passed)}`];
  process.stdout.write(`${lines.map((line) => `# ${line}`).join("\n")}\n`);
});
