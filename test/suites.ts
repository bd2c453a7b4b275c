// What `npm test` runs, and in which order.

export interface Suite {
  /** Globs from the root of the repository. */
  files: readonly string[];
  /** The longest, which begin first: those that wait most in turn with those that work most. `test/run.ts` says at its end which took longest. */
  first: readonly string[];
  /** Files that run at the same time: one more than two processors, for each waits a third of its time, for the disk and for what it started. */
  atOnce: number;
  /** Of one test. */
  timeoutMs: number;
  /** With a platform for all files that need none of their own. */
  joint: boolean;
}

const main = (name: string): string => `server/src/main/${name}.test.ts`;
const runtime = (name: string): string => `server/src/runtime/${name}.test.ts`;

export const suites: Readonly<Record<string, Suite>> = {
  unit: {
    files: ["contract/src/**/*.test.ts", "server/src/**/*.test.ts", "cli/src/**/*.test.ts"],
    first: [
      runtime("isolates/isolates"),
      main("up"),
      runtime("runtime"),
      main("rotation"),
      runtime("spares/spares"),
      runtime("spares/python/python"),
      main("access-matrix"),
      runtime("workloads/sleep"),
      "cli/src/cli.test.ts",
      runtime("runs/runner"),
      "server/src/build/git/git.test.ts",
      runtime("workloads/succession"),
      main("webhooks"),
      runtime("network/egress"),
      "server/src/build/git/hostile.test.ts",
      runtime("sandboxes/cpu-meter"),
      main("route-changes"),
      runtime("workloads/schedules"),
      main("plans"),
      runtime("runs/jobs"),
      main("oauth"),
      runtime("network/ipv6"),
    ],
    atOnce: 3,
    timeoutMs: 120_000,
    joint: false,
  },
  platforms: {
    files: ["test/e2e/*.test.ts", "test/faults/*.test.ts", "test/escapes/*.test.ts"],
    first: ["damage", "power", "processes", "down"].map((name) => `test/faults/${name}.test.ts`),
    atOnce: 3,
    timeoutMs: 300_000,
    joint: true,
  },
};
