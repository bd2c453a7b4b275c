// What several planners say. Pure.
import { type LimitName, limit, limits } from "@slipstream/contract/limits.ts";
import type { PlanChange, PlanInterrupt, PlanQuota } from "@slipstream/contract/plan.ts";
import { durationText } from "#platform/diagnosis/amounts.ts";
import type { AppRows } from "./app-rows.ts";
import { change } from "./diff.ts";

export const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

const spans = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
] as const;

/** "7 days", "90m": in the largest unit of which it is a whole number. */
export const spanText = (ms: number): string => {
  const fits = spans.find(([unit]) => ms > 0 && ms % unit === 0);
  return fits ? counted(ms / fits[0], fits[1]) : durationText(ms);
};

export const quotaOf = (name: LimitName, used: number): PlanQuota => ({ limit: name, used, allowed: limit(name), unit: limits[name].unit });

type Numbers = Pick<AppRows, "live" | "lastRelease" | "open">;

/** The number that the next release gets, which is certain while nothing is under way that would take it. */
export const newRelease = ({ live, lastRelease, open }: Numbers): PlanChange[] =>
  change("release", live && String(live.number), open.length === 0 ? String(lastRelease + 1) : "the next after what is under way");

/** What instances that serve no more take away from those whom they serve: nothing of what ends in time. */
export const drainInterrupt = (of: string, why: string): PlanInterrupt => ({
  what: `WebSockets, and requests that take longer than ${durationText(limit("drainMs"))}, of ${of}`,
  why,
});

export const switchInterrupts = ({ live }: Pick<AppRows, "live">): PlanInterrupt[] =>
  live === undefined
    ? []
    : [drainInterrupt(`release ${live.number}`, "Its instances serve no more after the switch; requests that end in time are all answered.")];

/** Waiting deployments whose place it takes. */
export const supersededInterrupts = ({ open }: Pick<AppRows, "open">, kinds: readonly string[]): PlanInterrupt[] =>
  open
    .filter(({ state, kind }) => state === "waiting" && kinds.includes(kind))
    .map(({ id, kind }) => ({ what: `the deployment ${id} (${kind}), which waits`, why: "This newer one takes its place." }));
