// What a grant allows of the memory and the instances that a release asks for. Pure.
import type { Beyond, Grant } from "@slipstream/contract/access.ts";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { scaleOf } from "../workloads/scaling.ts";

/** The most that it allows; undefined = no bound of its own. */
export interface Caps {
  memoryBytes?: number | undefined;
  instances?: number | undefined;
}

/** No bound stays none. */
const raised = (most: number | undefined, lifted: readonly number[]): number | undefined => (most === undefined ? undefined : Math.max(most, ...lifted));

/** Where some was lifted, as far as that. */
export const capsOf = (grant: Grant | undefined, lifted: readonly Beyond[] = []): Caps | undefined => {
  if (grant === undefined) return undefined;
  const { memoryBytes, instances } = grant.limits ?? {};
  const memories = lifted.map((it) => (it.kind === "memory" ? it.memoryBytes : 0));
  const counts = lifted.map((it) => (it.kind === "instances" ? it.instances : 0));
  return { memoryBytes: raised(memoryBytes, memories), instances: raised(instances, counts) };
};

export const isBounded = (caps: Caps | undefined): boolean => caps?.memoryBytes !== undefined || caps?.instances !== undefined;

export interface Wished {
  memoryBytes: number;
  instances: number;
}

/** By slip.toml, over which `instances` of the call stands; what neither says is as usual. One that scales by itself may come to have its most. */
export const wishedBy = ({ run, scale }: Pick<AppConfig, "run" | "scale">, instances = run?.instances): Wished => ({
  memoryBytes: run?.memory ?? limit("memoryBytes"),
  instances: scale === undefined ? (instances ?? limit("instances")) : scaleOf(scale).max,
});

/** What of it is more than they allow. */
export const beyondCaps = (caps: Caps | undefined, { memoryBytes, instances }: Wished): Beyond[] => {
  const { memoryBytes: most = Number.POSITIVE_INFINITY, instances: many = Number.POSITIVE_INFINITY } = caps ?? {};
  return [
    ...(memoryBytes > most ? [{ kind: "memory" as const, memoryBytes, allowedBytes: most }] : []),
    ...(instances > many ? [{ kind: "instances" as const, instances, allowed: many }] : []),
  ];
};

const settingWithin = (beyond: Beyond): string[] => {
  if (beyond.kind === "memory") return [`[run] memory = "${Math.floor(beyond.allowedBytes / 2 ** 20)}MB"`];
  return beyond.kind === "instances" ? [`[run] instances = ${beyond.allowed}, and no more as max of [scale]`] : [];
};

/** The settings of slip.toml that would be within. */
export const settingsWithin = (beyond: readonly Beyond[]): string => beyond.flatMap(settingWithin).join(" and ");
