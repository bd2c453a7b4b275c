// What ran, in numbers: how many runs passed of each step × moment × process.
import { type Case, moments, processes } from "./cases.ts";
import type { Passed } from "./trial.ts";

const columns = [...processes, "conmon"] as const;

const key = ({ scenario, step, moment }: Omit<Case, "process" | "stepMs">): string => `${scenario} / ${step} / ${moment}`;

const percentile = (values: readonly number[], share: number): number => values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? 0;

/** A line for each scenario, step and moment, with the number of runs that passed for each process. */
export const countsOf = (passed: readonly Passed[]): string[] => {
  const rows = [...new Set(passed.map((it) => key(it.case)))].sort((a, b) => a.localeCompare(b));
  const count = (row: string, process: string): number => passed.filter((it) => key(it.case) === row && it.case.process === process).length;
  return [
    ["scenario / step / moment", ...columns].join("\t"),
    ...rows.map((row) => [row, ...columns.map((process) => count(row, process) || "–")].join("\t")),
    ["all", ...columns.map((process) => passed.filter((it) => it.case.process === process).length)].join("\t"),
    ...moments.map((moment) => `${moment}: ${passed.filter((it) => it.case.moment === moment).length}`),
  ];
};

export const timesOf = (passed: readonly Passed[]): string => {
  const drained = passed.map(({ drainedMs }) => drainedMs);
  const requests = passed.reduce((sum, it) => sum + it.requests, 0);
  return `drained after ${Math.round(percentile(drained, 0.5))} ms (median), ${Math.round(Math.max(0, ...drained))} ms at most; ${requests} requests, none failed`;
};
