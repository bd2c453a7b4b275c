import { SlipError } from "@slipstream/contract/errors.ts";
import type { Handlers } from "../api/call.ts";
import { firstTenant } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";
import { keysOf } from "./key-store.ts";
import { askForRotation, rotate } from "./rotation.ts";

/** The keys are the installation's: who has a tenant's token alone neither sees how much is sealed nor changes it. */
export const expectOwner = (tenant: string): void => {
  if (tenant !== firstTenant) throw new SlipError("forbidden", "The sealing keys are the installation's own.");
};

/** What plans remember of it. */
export const stateOfKey = (current: string): Fingerprint => ({ "sealing key": current });

export const keyOperations = (control: Control): Pick<Handlers, "keys.list" | "keys.rotate"> => ({
  async "keys.list"(_, call) {
    expectOwner(call.tenant);
    const rows = await keysOf(control.database);
    return { keys: rows.map(({ id, createdAt, ...row }) => ({ key: id, inUse: id === control.sealing.current, ...row, createdAt: createdAt.toISOString() })) };
  },

  async "keys.rotate"(_, call) {
    expectOwner(call.tenant);
    const { resealed, removed } = await control.rotations.run(async () => {
      // Rotations are done one at a time, so the key in use stays the same until this one replaces it. Asked again, it is but finished.
      if (call.claim?.isMade !== true)
        await control.database.begin(async (query) => {
          await call.expects?.check(query, { state: () => stateOfKey(control.sealing.current) });
          await journal(query, call, { operation: "keys.rotate", input: {} });
          await askForRotation(query, control.sealing);
        });
      return rotate({ database: control.database, keys: control.sealing });
    });
    return { key: control.sealing.current, resealed, removed };
  },
});
