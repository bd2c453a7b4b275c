import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Workload } from "@slipstream/contract/ports/host.ts";
import type { ParkedRelease } from "../releases/release.ts";
import { prepare, stillHolds } from "./prepared.ts";

const release = { id: "rel_1", number: 1, parked: { id: "dep_1", targets: [{ instance: "a", address: "10.0.0.2:8080" }] } } as unknown as ParkedRelease;
const of = { release, replaced: undefined, liveDeployment: "dep_2" };
const hostWith = (unpark: () => Promise<Workload>) => ({ host: { unpark } }) as unknown as Parameters<typeof prepare>[0];

test("what was read holds while the same is live, and the same instances were chosen", () => {
  const prepared = prepare(
    hostWith(() => new Promise(() => {})),
    of,
  );
  assert.deepEqual(stillHolds(prepared, { workload: "dep_1", liveDeployment: "dep_2" }), { release, replaced: undefined, parked: release.parked });
  assert.equal(stillHolds(prepared, { workload: "dep_1", liveDeployment: "dep_3" }), undefined);
  assert.equal(stillHolds(prepared, { workload: "dep_0", liveDeployment: "dep_2" }), undefined);
  assert.equal(stillHolds(prepared, { workload: null, liveDeployment: "dep_2" }), undefined);
  assert.equal(stillHolds(undefined, { workload: "dep_1", liveDeployment: "dep_2" }), undefined);
});

test("a host that cannot wake it in this moment is no reason to reject anything", async () => {
  const refuse = () => Promise.reject(new SlipError("unreachable", "host.sock: ECONNREFUSED"));
  assert.equal(await prepare(hostWith(refuse), of).waking, undefined);
});
