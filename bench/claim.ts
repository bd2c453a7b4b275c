// What a file of this folder measures: a name, a number in words, and the goal where there is one.

export interface Claim {
  name: string;
  measured: string;
  goal: string;
  /** Undefined where there is no goal. */
  reached: boolean | undefined;
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** The value that `share` (0–1) of all are below. */
export const quantile = (values: readonly number[], share: number): number => {
  const all = sorted(values);
  return all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? Number.NaN;
};
export const median = (values: readonly number[]): number => quantile(values, 0.5);

export const inMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

/** The claims as lines of a table. */
export const tableOf = (claims: readonly Claim[]): string => {
  const rows = [["claim", "measured", "goal", ""], ...claims.map(({ name, measured, goal, reached }) => [name, measured, goal, markOf(reached)])];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

const markOf = (reached: boolean | undefined): string => {
  if (reached === undefined) return "";
  return reached ? "reached" : "missed";
};
