// The state that a plan was made of, as words with values, so that it can be said what has moved since. Pure.

/** What there is, by its name in the vocabulary: "env COLOUR", "live deployment", "domain shop.example.org". */
export type Fingerprint = Readonly<Record<string, string>>;

export interface AppState {
  id: string;
  name: string;
  liveDeployment: string | null;
  lastRelease: number;
  instances: number | null;
  /** When it was taken off the air. */
  destroyedAt?: Date | null;
  /** Hashes of the values. */
  env: Record<string, string>;
  secrets: Record<string, number>;
  domains: string[];
  openDeployments: string[];
  openTasks: string[];
}

const each = <T>(values: readonly T[], entry: (value: T) => [string, string]): Record<string, string> => Object.fromEntries(values.map(entry));

/** Nothing for an app that is not there. */
export const fingerprintOf = (app: AppState | undefined): Fingerprint =>
  app === undefined
    ? {}
    : {
        [`app ${app.name}`]: app.id,
        "live deployment": app.liveDeployment ?? "none",
        "last release": String(app.lastRelease),
        ...(app.destroyedAt ? { destroyed: app.destroyedAt.toISOString() } : {}),
        "number of instances": app.instances === null ? "not set" : String(app.instances),
        ...each(Object.entries(app.env), ([name, hash]) => [`env ${name}`, `#${hash}`]),
        ...each(Object.entries(app.secrets), ([name, version]) => [`secret ${name}`, `version ${version}`]),
        ...each(app.domains, (host) => [`domain ${host}`, host]),
        ...each(app.openDeployments, (id) => [`open deployment ${id}`, id]),
        ...each(app.openTasks, (id) => [`open task ${id}`, id]),
      };

const movement = (what: string, before: string | undefined, now: string | undefined): string => {
  if (before === undefined) return `${what} is there now`;
  if (now === undefined) return `${what} is gone`;
  // A hash says nothing to anybody, nor does the id behind a name.
  return now.startsWith("#") || what.startsWith("app ") ? `${what} is another` : `${what}: ${before} → ${now}`;
};

/** What differs, a sentence each; empty when the plan still holds. */
export const movedBetween = (before: Fingerprint, now: Fingerprint): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((what) => before[what] !== now[what])
    .map((what) => movement(what, before[what], now[what]));
