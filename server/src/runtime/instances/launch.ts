// What is started as an instance of a workload. Pure.
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { Image } from "#platform/oci/image.ts";
import { type Slot, uidOf } from "../network/addresses.ts";
import type { Launch } from "../sandboxes/oci-sandbox.ts";
import { environmentOf, hostnameOf, limitsOf } from "./environment.ts";
import type { InstanceRecord } from "./record.ts";

export const launchOf = ({ spec, record, slot, image }: { spec: WorkloadSpec; record: InstanceRecord; slot: Slot; image: Image }): Launch => ({
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
  address: slot.address,
  uid: uidOf(slot),
  overlay: undefined,
  account: spec.account,
});
