// When workloads that nobody uses are frozen, and later ended, as a pure rule.
import type { Sleep } from "@slipstream/contract/ports/host.ts";

/** `asleep`: frozen in memory. `stopped`: ended, with its network and its files kept. */
export type Rest = "awake" | "asleep" | "stopped";

export interface Resting {
  rest: Rest;
  sleep: Sleep;
  /** Since somebody was seen to use it. */
  unusedMs: number;
}

/** What it is to be now. Nothing wakes by itself. */
export const restOf = ({ rest, sleep: { afterMs, stopMs }, unusedMs }: Resting): Rest => {
  if (rest === "stopped" || unusedMs < afterMs) return rest;
  if (rest === "awake" && stopMs > 0) return "asleep";
  return unusedMs >= afterMs + stopMs ? "stopped" : "asleep";
};

/** Whether it is time to look at what it does: one that was used just now is not asked. */
export const isDue = ({ rest, sleep, unusedMs }: Resting): boolean => rest !== "awake" || unusedMs >= sleep.afterMs / 2;

export interface Parked {
  id: string;
  /** Since it was frozen. */
  parkedMs: number;
  memoryBytes: number;
}

/** Those that are to be ended so that the rest are within the budget: the longest frozen first, and what does not fit by itself. */
export const beyondBudget = (parked: readonly Parked[], budgetBytes: number): string[] => {
  let held = 0;
  const newestFirst = [...parked].sort((one, other) => one.parkedMs - other.parkedMs);
  return newestFirst.flatMap(({ id, memoryBytes }) => {
    if (held + memoryBytes > budgetBytes) return [id];
    held += memoryBytes;
    return [];
  });
};
