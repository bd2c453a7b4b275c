// What is started as an instance of a workload. Pure.
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { Image } from "#platform/oci/image.ts";
import { type Slot, uidOf } from "../network/addresses.ts";
import type { Launch } from "../sandboxes/oci-sandbox.ts";
import { environmentOf, hostnameOf, limitsOf } from "./environment.ts";
import type { InstanceRecord } from "./record.ts";

export interface LaunchInput {
  spec: WorkloadSpec;
  record: InstanceRecord;
  /** Whose network it is in, and whose user it is. */
  slot: Slot;
  /** Whose address it has. */
  at: Slot;
  image: Image;
}

export const launchOf = ({ spec, record, slot, at, image }: LaunchInput): Launch => ({
  spec: {
    id: record.instance,
    layers: image.layers,
    writable: undefined,
    mounts: [],
    args: record.args,
    env: environmentOf(spec, image, record.instance),
    cwd: image.config.cwd,
    network: slot.path,
    hostname: hostnameOf(record.instance),
    limits: limitsOf(spec),
  },
  address: at.address,
  uid: uidOf(slot),
  overlay: undefined,
  account: spec.account,
});
