// What a rotation of the sealing key would do.
import { expectOwner, stateOfKey } from "../../keys/key-operations.ts";
import { type KeyRow, keysOf } from "../../keys/key-store.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { planner } from "../planner.ts";

interface KeyRows {
  fingerprint: Fingerprint;
  current: string;
  keys: KeyRow[];
}

const sum = (counts: readonly number[]): string => String(counts.reduce((total, count) => total + Number(count), 0));

const rotate = planner<"keys.rotate", KeyRows>({
  async read({ snapshot, control, call }) {
    expectOwner(call.tenant);
    const { current } = control.sealing;
    return { current, keys: await snapshot(keysOf), fingerprint: stateOfKey(current) };
  },
  plan: (_, { current, keys }) => ({
    changes: [
      ...change(`sealing key ${current}`, "in use", undefined),
      ...change("sealing key", current, "a new one"),
      ...change("secrets sealed anew", undefined, sum(keys.map(({ secrets }) => secrets))),
      ...change("certificates sealed anew", undefined, sum(keys.map(({ certificates }) => certificates))),
    ],
    interrupts: [],
    quota: [],
  }),
  again: async ({ control }) => ({ key: control.sealing.current, resealed: 0, removed: [] }),
});

export const keyPlanners = { "keys.rotate": rotate };
