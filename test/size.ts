// How much of a suite runs: `npm test` takes a fast sample of faults and escapes, `npm run test:faults` and `npm run test:escapes`
// run all of them.
export const whole = process.env.SLIP_TESTS === "whole";
