// What a grant allows of the memory and the instances that a release asks for. Pure.
import type { Grant } from "@slipstream/contract/access.ts";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { sizeText } from "#platform/diagnosis/amounts.ts";

/** The most that it allows; undefined = no bound of its own. */
export interface Caps {
  memoryBytes?: number | undefined;
  instances?: number | undefined;
}

export const capsOf = (grant: Grant | undefined): Caps | undefined => grant && { memoryBytes: grant.limits?.memoryBytes, instances: grant.limits?.instances };

export const isBounded = (caps: Caps | undefined): boolean => caps?.memoryBytes !== undefined || caps?.instances !== undefined;

export interface Wished {
  memoryBytes: number;
  instances: number;
}

/** By slip.toml, over which `instances` of the call stands; what neither says is as usual. */
export const wishedBy = ({ run }: Pick<AppConfig, "run">, instances = run?.instances): Wished => ({
  memoryBytes: run?.memory ?? limit("memoryBytes"),
  instances: instances ?? limit("instances"),
});

/** Why it is more than they allow, all of it, and the settings that are not; undefined = it is within. */
export const beyondCaps = (caps: Caps | undefined, { memoryBytes, instances }: Wished): { why: string; within: string } | undefined => {
  const { memoryBytes: most = Number.POSITIVE_INFINITY, instances: many = Number.POSITIVE_INFINITY } = caps ?? {};
  const beyond = [
    ...(memoryBytes > most
      ? [
          {
            why: `An instance would have ${sizeText(memoryBytes)} of memory; the grant allows ${sizeText(most)}.`,
            within: `[run] memory = "${Math.floor(most / 2 ** 20)}MB"`,
          },
        ]
      : []),
    ...(instances > many ? [{ why: `There would be ${instances} instances; the grant allows ${many}.`, within: `[run] instances = ${many}` }] : []),
  ];
  if (beyond.length === 0) return undefined;
  return { why: beyond.map(({ why }) => why).join(" "), within: beyond.map(({ within }) => within).join(" and ") };
};
