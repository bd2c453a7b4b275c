// What the first step of a rollback would read and begin, read before there is a deployment, and begun while its row is written.
import type { Workload } from "@slipstream/contract/ports/host.ts";
import type { Control } from "../control.ts";
import type { ParkedRelease, ReleaseRow } from "../releases/release.ts";
import type { Revived } from "../releases/release-store.ts";
import type { DeploymentRow } from "./deployment.ts";

export interface Prepared {
  release: ParkedRelease;
  replaced: ReleaseRow | undefined;
  /** The deployment that was live as this was read. */
  liveDeployment: string | null;
  /** Undefined where the host could not do it in this moment. */
  waking: Promise<Workload | undefined>;
}

/**
 * Wakes what is parked of a release. That it is wanted to run is being written down: the host is not held to what is desired within
 * that time (`watchHost`), and where it is not written it is parked again.
 */
export const prepare = ({ host }: Pick<Control, "host">, of: Omit<Prepared, "waking">): Prepared => ({
  ...of,
  waking: host.unpark({ id: of.release.parked.id }).catch(() => undefined),
});

/** What was read, where it still holds. Pure. */
export const stillHolds = (
  prepared: Prepared | undefined,
  { workload, liveDeployment }: Pick<DeploymentRow, "workload" | "liveDeployment">,
): Revived | undefined =>
  prepared && prepared.release.parked.id === workload && prepared.liveDeployment === liveDeployment
    ? { release: prepared.release, replaced: prepared.replaced, parked: prepared.release.parked }
    : undefined;
