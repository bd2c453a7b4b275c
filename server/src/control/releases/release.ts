// What a release is, as pure rules: what rollback goes back to, and what it restores.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { RouteTarget } from "@slipstream/contract/ports/route-entry.ts";
import type { DeploymentKind } from "@slipstream/contract/words.ts";

export interface ReleaseRow {
  id: string;
  appId: string;
  number: number;
  artifact: string;
  source: string | null;
  commit: string | null;
  config: AppConfig;
  env: Record<string, string>;
  secretVersions: Record<string, number>;
  deployment: string;
  createdAt: Date;
  liveAt: Date | null;
}

/** One of which something is still there. */
export interface ParkedRelease extends ReleaseRow {
  parked: { id: string; targets: RouteTarget[] };
}

/**
 * The release that a rollback without a number goes to. History is a stack: what goes live is put on it, a rollback takes off
 * all above its release. So a second rollback goes one further back, and never to the release that was just left.
 */
export const rollbackTarget = (history: readonly { kind: DeploymentKind; release: number }[]): number | undefined => {
  const stack: number[] = [];
  for (const { kind, release } of history) {
    const at = stack.indexOf(release);
    if (at >= 0 && (kind === "rollback" || at === stack.length - 1)) stack.length = at + 1;
    else stack.push(release);
  }
  return stack.at(-2);
};

export const nothingToRollBack = (app: string, to: number): SlipError =>
  new SlipError("nothing_to_roll_back", `The app ${app} has no release ${to} to go back to.`, { next: `See 'slip releases ${app}'.` });

/** Throws `nothing_to_roll_back` when there is no such release to go to, or it is live already. */
export const releaseToGoTo = (of: {
  app: string;
  asked: number | undefined;
  live: number | null;
  history: readonly { kind: DeploymentKind; release: number }[];
  kept: readonly number[];
}): number => {
  const to = of.asked ?? rollbackTarget(of.history);
  if (to === undefined) throw new SlipError("nothing_to_roll_back", `The app ${of.app} has no earlier release.`, { next: `See 'slip releases ${of.app}'.` });
  if (to === of.live) throw new SlipError("nothing_to_roll_back", `Release ${to} is live already.`, { next: `See 'slip releases ${of.app}'.` });
  if (!of.kept.includes(to)) throw nothingToRollBack(of.app, to);
  return to;
};

/** Settings in which some names have the values of before again; a name that was not there goes. */
export const withBefore = <T>(current: Readonly<Record<string, T>>, before: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> => {
  const changed = new Set(names);
  const kept = Object.entries(current).filter(([name]) => !changed.has(name));
  return Object.fromEntries([...kept, ...Object.entries(before).filter(([name]) => changed.has(name))]);
};

/**
 * Settings after a rollback: those of the release, but for what was changed since the live release began (`stage`),
 * which waits for the next deployment as before.
 */
export const restored = <T>(of: {
  current: Readonly<Record<string, T>>;
  live: Readonly<Record<string, T>>;
  target: Readonly<Record<string, T>>;
}): Record<string, T> => {
  const { current, live, target } = of;
  const result: Record<string, T> = {};
  for (const name of new Set([...Object.keys(current), ...Object.keys(target)])) {
    const chosen = current[name] === live[name] ? target[name] : current[name];
    if (chosen !== undefined) result[name] = chosen;
  }
  return result;
};
