// How much of a suite runs: `npm test` takes a fast sample of faults and escapes, `npm run test:faults` and `npm run test:escapes`
// run all of them.
export const whole = process.env.SLIP_TESTS === "whole";

const [first, last = first] = (process.env.SLIP_SEED ?? "").split("-").filter(Boolean).map(Number);

/** The seeds of runs to do again, the first and the last: `SLIP_SEED=7`, or `SLIP_SEED=1-7` with those before it on the same platform. */
export const givenSeeds = first === undefined || last === undefined ? undefined : { first, last };
