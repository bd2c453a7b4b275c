// What a program finds in its environment, and how it is called. Pure.
import { limit } from "@slipstream/contract/limits.ts";
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { SandboxSpec } from "@slipstream/contract/ports/sandbox.ts";
import { argumentsOf } from "#platform/command.ts";
import type { Image } from "#platform/oci/image.ts";

const defaults = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/tmp", HOST: "0.0.0.0" };

/** The artifact's variables, over them the release's, over all those by which the platform says where the program is. */
export const environmentOf = (spec: WorkloadSpec, image: Image, instance: string): Record<string, string> => ({
  ...defaults,
  ...image.config.env,
  ...spec.env,
  PORT: `${spec.port}`,
  SLIP_APP: spec.tags.app,
  SLIP_DEPLOYMENT: spec.id,
  SLIP_RELEASE: `${spec.release}`,
  SLIP_COMMIT: spec.tags.commit,
  ...(instance === "" ? {} : { SLIP_INSTANCE: instance }),
});

/** The release's command, else the artifact's. May be empty. */
export const argumentsFor = (spec: WorkloadSpec, image: Image): string[] => (spec.command === undefined ? image.config.args : argumentsOf(spec.command));

/** What an instance has for the name of its machine: its own, as far as such a name may hold it (RFC 1123 §2.1). */
export const hostnameOf = (instance: string): string => instance.replaceAll("_", "-");

/** What an instance may use: what its app has asked for, and what is the same for all. */
export const limitsOf = ({ memoryBytes, cpus }: Pick<WorkloadSpec, "memoryBytes" | "cpus">): SandboxSpec["limits"] => ({
  memoryBytes,
  cpus,
  pids: limit("pids"),
  tmpBytes: limit("tmpBytes"),
  openFiles: limit("openFiles"),
});
