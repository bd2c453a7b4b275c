// How many instances a release should have, by what they have to do. Pure.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";

/** `requests` under way on one instance, and the share (0–1) of its processor time that it works, are what one is to carry. */
export interface Scale {
  min: number;
  max: number;
  requests: number;
  cpu: number;
  downMs: number;
}

export const scaleOf = ({
  min = 0,
  max = Math.max(min, limit("scaleMax")),
  requests = limit("scaleRequests"),
  cpu = limit("scaleCpuPercent") / 100,
  down = limit("scaleDownMs"),
}: NonNullable<AppConfig["scale"]>): Scale => ({ min, max, requests, cpu, downMs: down });

/** One is there also where none is to run: it sleeps. */
const within = (instances: number, { min, max }: Pick<Scale, "min" | "max">): number => Math.min(max, Math.max(1, min, instances));

/** Throws `invalid_input` for a number that the app, which scales by itself, would leave at once. */
export const expectWithin = ({ scale }: Pick<AppConfig, "scale">, { app, instances }: { app: string; instances: number }): void => {
  if (scale === undefined) return;
  const { min, max } = scaleOf(scale);
  if (instances === within(instances, { min, max })) return;
  throw new SlipError("invalid_input", `The app ${app} has ${Math.max(1, min)} to ${max} instances, by [scale] of its slip.toml.`, {
    next: "Name a number within that, or change slip.toml and deploy.",
  });
};

export interface Starting {
  /** In the call. */
  asked: number | undefined;
  app: { instances: number | null; serving: number } | undefined;
  config: Pick<AppConfig, "run" | "scale"> | undefined;
}

/** How many a new release begins with. One that scales by itself has as many as that which it takes the place of. */
export const startingInstances = ({ asked, app, config }: Starting): number => {
  const usual = app?.instances ?? config?.run?.instances ?? limit("instances");
  if (config?.scale === undefined) return asked ?? usual;
  return within(asked ?? (app?.serving || usual), scaleOf(config.scale));
};

/** On average over some time: requests under way, and cores that the instances worked. */
export interface Load {
  requests: number;
  cores: number;
}

/** So far from what there is, nothing is changed: the last request would start an instance, and its end would end it. */
const tolerance = 0.1;

/** As many as the load needs. */
export const needed = ({ requests, cores }: Load, of: { instances: number; cpus: number; scale: Scale }): number => {
  const { instances, cpus, scale } = of;
  const exact = Math.max(requests / scale.requests, cores / (cpus * scale.cpu));
  return within(Math.abs(exact - instances) <= instances * tolerance ? instances : Math.ceil(exact), scale);
};

/** How many were needed at some moment, milliseconds of a clock that is never set. */
export interface Need {
  at: number;
  instances: number;
}

/**
 * How many there should be: more when all looks of a short time needed more, as many as the least of them; fewer when no look of a long
 * time needed as many. Needs are of one workload, oldest first, and reach back as far as it was looked at.
 */
export const advised = (needs: readonly Need[], of: { instances: number; scale: Scale; now: number }): number => {
  const { instances, scale, now } = of;
  const allowed = within(instances, scale);
  if (allowed !== instances) return allowed;
  const over = (ms: number): number[] => ((needs[0]?.at ?? now) > now - ms ? [] : needs.filter(({ at }) => at >= now - ms).map((need) => need.instances));
  const up = Math.min(...over(limit("scaleUpMs")));
  if (up > instances && Number.isFinite(up)) return up;
  const down = Math.max(...over(scale.downMs));
  return down < instances && Number.isFinite(down) ? down : instances;
};
