// How much of a suite runs: `npm test` takes a fast sample of faults and escapes, `npm run test:faults` and `npm run test:escapes`
// run all of them.
export const whole = process.env.SLIP_TESTS === "whole";

/** The seed of a run that failed, to do it again. */
export const seed = process.env.SLIP_SEED === undefined ? undefined : Number(process.env.SLIP_SEED);
