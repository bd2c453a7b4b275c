// What is killed, and when: every step of the workflows × before, during and after its effect × every process.
import type { ScenarioName } from "./scenarios.ts";

export const moments = ["before", "during", "after"] as const;
export type Moment = (typeof moments)[number];
export const processes = ["control", "host", "edge", "restate", "postgres"] as const;
export type ProcessName = (typeof processes)[number] | "conmon";

export interface Case {
  scenario: ScenarioName;
  /** A fault point of control, without its ".before" or ".after". */
  step: string;
  moment: Moment;
  process: ProcessName;
  /** How long the step takes at most, about: "during" is somewhere in it. */
  stepMs: number;
}

/** The steps of each scenario at which control can be held, and what each takes. */
const steps: Record<ScenarioName, Readonly<Record<string, number>>> = {
  deploy: { resolveSource: 20, allocate: 20, buildArtifact: 80, "host.build": 60, startWorkload: 400, "host.ensure": 400, switchAndProve: 80, retire: 30 },
  "deploy with a build": { buildArtifact: 900, "host.build": 900, startWorkload: 400 },
  "deploy with a release command": { startWorkload: 900, "host.runJob": 500, switchAndProve: 80 },
  "failed build": { "host.build": 700, endWithout: 60, "host.remove": 20 },
  "failed start": { "host.ensure": 400, endWithout: 60 },
  rollback: { reviveRelease: 150, switchAndProve: 80, retire: 30 },
  restart: { takeLiveRelease: 20, startWorkload: 400, switchAndProve: 80 },
  configuration: { takeLiveRelease: 20, startWorkload: 400, switchAndProve: 80 },
  "scale up": { scale: 400, "host.ensure": 400 },
  "scale down": { scale: 60 },
  destroy: { destroy: 300, "host.remove": 150 },
  purge: { destroy: 300, "host.remove": 150, "host.removeLogs": 30 },
  restore: { takeKeptRelease: 20, startWorkload: 400, switchAndProve: 80 },
};

/** Programs under conmon that a step waits for. */
const underConmon: readonly Omit<Case, "moment" | "process">[] = [
  { scenario: "deploy with a build", step: "host.build", stepMs: 500 },
  { scenario: "failed build", step: "host.build", stepMs: 300 },
  { scenario: "deploy with a release command", step: "host.runJob", stepMs: 300 },
];

export const cases: readonly Case[] = [
  ...Object.entries(steps).flatMap(([scenario, of]) =>
    Object.entries(of).flatMap(([step, stepMs]) =>
      moments.flatMap((moment) => processes.map((process) => ({ scenario: scenario as ScenarioName, step, stepMs, moment, process }))),
    ),
  ),
  ...underConmon.map((it) => ({ ...it, moment: "during" as const, process: "conmon" as const })),
];

/** Neighbouring seeds are of cases that have little in common; as many seeds as there are cases in a row are of every case once. */
export const caseOf = (seed: number): Case => {
  const found = cases[(seed * stride) % cases.length];
  if (!found) throw new Error("There are no cases.");
  return found;
};

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const coprime = (from: number): number => (gcd(from, cases.length) === 1 ? from : coprime(from + 1));
const stride = coprime(Math.floor(cases.length * 0.38));
