// Places in the work of apps where a test holds this process, to kill one of the platform at that very moment. There are none unless
// the supervisor was started with SLIP_FAULTS=1.
import { mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Callers, Calls } from "@slipstream/contract/ports/calls.ts";

/** Resolves at once, but where a test has armed this point: then when the test lets go. */
export type FaultPoints = (point: string) => Promise<void>;

export const noFaultPoints: FaultPoints = () => Promise.resolve();

const lookMs = 2;

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

/**
 * The point that the file `armed` in `folder` names holds who comes there, once: the file is then called `held`, until the test
 * removes it.
 */
export const faultPointsIn = (folder: string): FaultPoints => {
  mkdirSync(folder, { recursive: true });
  const [armed, held] = [join(folder, "armed"), join(folder, "held")];
  return async (point) => {
    if (textOf(armed) !== point) return;
    renameSync(armed, held);
    while (textOf(held) !== undefined) await sleep(lookMs);
  };
};

/** Does `act` between two points: `NAME.before`, and `NAME.after` when its effect is there and nobody knows yet. */
export const between = async <T>(points: FaultPoints, name: string, act: () => Promise<T>): Promise<T> => {
  await points(`${name}.before`);
  const done = await act();
  await points(`${name}.after`);
  return done;
};

/** The same calls, each between two points. */
export const callsBetween = <C extends Calls>(points: FaultPoints, of: string, calls: Callers<C>): Callers<C> => {
  if (points === noFaultPoints) return calls;
  const entries = Object.entries(calls as Record<string, (input: unknown, options?: object) => Promise<unknown>>);
  return Object.fromEntries(
    entries.map(([name, call]) => [name, (input: unknown, options?: object) => between(points, `${of}.${name}`, () => call(input, options))]),
  ) as Callers<C>;
};
