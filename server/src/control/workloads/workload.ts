// What runs of a release, as pure functions.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { LogTags } from "@slipstream/contract/logs.ts";
import type { Sleep, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { ReleaseRow } from "../releases/release.ts";

/** The port that a program is told to listen on when nothing says another. */
const defaultPort = 3_000;

export interface SpecParts {
  id: string;
  tags: LogTags;
  release: Pick<ReleaseRow, "number" | "artifact" | "config" | "env">;
  secrets: Readonly<Record<string, string>>;
  instances: number;
  account: string | null;
  codeBy: string | null;
}

/** When instances of a release sleep; undefined = never, as where some are to run always. */
export const sleepOf = ({ sleep = {}, scale }: Pick<AppConfig, "sleep" | "scale">): Sleep | undefined =>
  sleep.enabled === false || (scale?.min ?? 0) > 0 ? undefined : { afterMs: sleep.after ?? limit("sleepAfterMs"), stopMs: sleep.stop ?? limit("sleepStopMs") };

/** Variables: slip.toml, over it those set for the app, over it the secrets. */
export const workloadSpec = ({ id, tags, release, secrets, instances, account, codeBy }: SpecParts): WorkloadSpec => {
  const { run = {}, health = {} } = release.config;
  const sleep = sleepOf(release.config);
  return {
    id,
    tags,
    release: release.number,
    artifact: release.artifact,
    ...(run.command === undefined ? {} : { command: run.command }),
    port: run.port ?? defaultPort,
    instances,
    env: { ...run.env, ...release.env, ...secrets },
    secretNames: Object.keys(secrets),
    ...(run.sandbox === undefined ? {} : { sandbox: run.sandbox }),
    memoryBytes: run.memory ?? limit("memoryBytes"),
    cpus: run.cpus ?? limit("cpus"),
    health: {
      ...(health.path === undefined ? {} : { path: health.path }),
      ...(run.protocol === "http2" ? { http2: true } : {}),
      timeoutMs: health.timeout ?? limit("healthTimeoutMs"),
      startMs: health.start ?? limit("startMs"),
    },
    ...(sleep === undefined ? {} : { sleep }),
    ...(account === null ? {} : { account }),
    ...(codeBy === null || codeBy === account ? {} : { codeBy }),
  };
};

export interface Retired {
  id: string;
  /** Of the release that is live now, after a restart: going back to it would go nowhere. */
  isLiveRelease: boolean;
  desire: "running" | "parked";
  /** Says which of several was retired last. */
  retiredAt: Date;
  /** So long it has had to finish what is under way. */
  waitedMs: number;
  /** Requests that are still under way on it. */
  inFlight: number;
}
export type Retirement = { kind: "wait" } | { kind: "park" } | { kind: "remove" } | { kind: "keep" };

/**
 * What becomes of workloads that serve no more, newest first: the newest are parked once no request is under way, the others
 * are removed. One that is still busy at the end of its time is removed, not frozen: a frozen program would hold its
 * connections open for ever.
 */
export const retirements = (retired: readonly Retired[]): Map<string, Retirement> => {
  const decisions = new Map<string, Retirement>();
  let parked = 0;
  for (const it of [...retired].sort((a, b) => b.retiredAt.getTime() - a.retiredAt.getTime())) {
    const mayPark = !it.isLiveRelease && parked < limit("parkedReleases");
    if (mayPark) parked += 1;
    decisions.set(it.id, retirement(it, mayPark));
  }
  return decisions;
};

const retirement = (it: Retired, mayPark: boolean): Retirement => {
  if (it.desire === "parked") return { kind: mayPark ? "keep" : "remove" };
  if (it.inFlight === 0) return { kind: mayPark ? "park" : "remove" };
  return { kind: it.waitedMs < limit("drainMs") ? "wait" : "remove" };
};
