// Differences as changes of a plan. Pure.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { PlanChange } from "@slipstream/contract/plan.ts";
import type { SourceEntry, SourceManifest } from "@slipstream/contract/source.ts";
import { durationText, sizeText } from "#platform/diagnosis/amounts.ts";

/** A change of one thing; nothing where it stays what it is. */
export const change = (what: string, from: string | undefined, to: string | undefined): PlanChange[] =>
  from === to ? [] : [{ what, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];

/** Each once. */
const inOrder = (names: readonly string[]): string[] => [...new Set(names)].sort((a, b) => (a < b ? -1 : 1));

/** The entries of two records that differ, by name. */
export const recordChanges = <T>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
  say: { what: (name: string) => string; value: (value: T) => string },
): PlanChange[] => {
  // A file or variable may be called like something that every object has.
  const text = (of: Readonly<Record<string, T>>, name: string): string | undefined => (Object.hasOwn(of, name) ? say.value(of[name] as T) : undefined);
  return inOrder([...Object.keys(before), ...Object.keys(after)]).flatMap((name) => change(say.what(name), text(before, name), text(after, name)));
};

export const envChanges = (before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): PlanChange[] =>
  recordChanges(before, after, { what: (name) => `env ${name}`, value: (value) => value });

/** Of a secret the version alone is said. */
export const secretChanges = (before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): PlanChange[] =>
  recordChanges(before, after, { what: (name) => `secret ${name}`, value: (version) => `version ${version}` });

const sizes = new Set(["build.memory", "run.memory"]);
const durations = new Set(["build.timeout", "health.timeout", "health.start"]);

const configValue = (key: string, value: unknown): string => {
  if (typeof value === "number" && sizes.has(key)) return sizeText(value);
  if (typeof value === "number" && durations.has(key)) return durationText(value);
  return typeof value === "string" ? value : JSON.stringify(value);
};

/** The keys of slip.toml with their values as text: "run.memory". Lists are one value each. */
const flat = (value: object, prefix = ""): Record<string, string> =>
  Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      const key = prefix === "" ? name : `${prefix}.${name}`;
      if (inner === undefined) return [];
      const isSection = typeof inner === "object" && inner !== null && !Array.isArray(inner);
      return isSection ? Object.entries(flat(inner as object, key)) : [[key, configValue(key, inner)]];
    }),
  );

export const configChanges = (before: AppConfig, after: AppConfig): PlanChange[] =>
  recordChanges(flat(before), flat(after), { what: (key) => `slip.toml ${key}`, value: (text) => text });

interface Route {
  host: string;
  path: string;
}
const routeNames = (routes: readonly Route[]): Set<string> => new Set(routes.map(({ host, path }) => `${host}${path}`));

/** Addresses that begin or cease to lead to the app. What they lead to is the release. */
export const routeChanges = (before: readonly Route[], after: readonly Route[]): PlanChange[] => {
  const [old, now] = [routeNames(before), routeNames(after)];
  return inOrder([...old, ...now]).flatMap((name) => change(`route ${name}`, old.has(name) ? "served" : undefined, now.has(name) ? "served" : undefined));
};

const entryText = (entry: SourceEntry): string =>
  entry.type === "link" ? `link to ${entry.target}` : `${entry.size} bytes, sha256:${entry.sha256.slice(0, 12)}${entry.executable ? ", executable" : ""}`;

const byPath = ({ entries }: SourceManifest): Record<string, string> => Object.fromEntries(entries.map((entry) => [entry.path, entryText(entry)]));

/** Counts of what differs, and the first of it by name. Without `before` the source is new, and its files are counted alone. */
export const fileChanges = (before: SourceManifest | undefined, after: SourceManifest): PlanChange[] => {
  if (before === undefined) return [{ what: "files", to: `${after.entries.length}` }];
  const changes = recordChanges(byPath(before), byPath(after), { what: (path) => `file ${path}`, value: (text) => text });
  const added = changes.filter(({ from }) => from === undefined).length;
  const removed = changes.filter(({ to }) => to === undefined).length;
  const counts = `${after.entries.length}: ${added} added, ${changes.length - added - removed} changed, ${removed} removed`;
  return changes.length === 0 ? [] : [{ what: "files", from: `${before.entries.length}`, to: counts }, ...changes.slice(0, limit("planFiles"))];
};
