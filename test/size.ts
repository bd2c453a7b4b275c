// How much of a suite runs: `npm test` takes a fast sample of faults and escapes, `npm run test:faults` and `npm run test:escapes`
// run all of them.
export const whole = process.env.SLIP_TESTS === "whole";

const seedsOf = (range: string): number[] => {
  const [first = 0, last = first] = range.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
};

/** The seeds of runs to do again, in this order on the same platform: `SLIP_SEED=7`, `SLIP_SEED=1-7` or `SLIP_SEED=3,5,8-9`. */
export const givenSeeds: readonly number[] | undefined = process.env.SLIP_SEED ? process.env.SLIP_SEED.split(",").flatMap(seedsOf) : undefined;
