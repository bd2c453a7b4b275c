// What an approval comes to: a plan is what it does, and to undo an entry is what undoes it.
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { Query } from "#platform/database.ts";
import { inverseNow } from "../journal/inverse.ts";
import { entryWithLater } from "../journal/journal-store.ts";
import { inputOfPlan, planIn } from "../plans/plan-store.ts";
import type { Sealing } from "../secrets/sealing.ts";

export interface Deed {
  name: OperationName;
  input: Record<string, unknown>;
}

const isOperation = (name: string): name is OperationName => Object.hasOwn(operations, name);

const ofPlan = async (query: Query, sealing: Sealing, of: { tenant: string; id: string }): Promise<Deed | undefined> => {
  const [plan, input] = [await planIn(query, of.tenant, of.id), await inputOfPlan(query, sealing, of)];
  return plan && input && isOperation(plan.operation) ? { name: plan.operation, input } : undefined;
};

const ofUndoing = async (query: Query, tenant: string, id: string): Promise<Deed | undefined> => {
  const entry = (await entryWithLater(query, tenant, id))?.entry;
  const inverse = entry?.inverse ? await inverseNow(query, tenant, entry, entry.inverse) : undefined;
  return inverse && isOperation(inverse.operation) ? { name: inverse.operation, input: inverse.input } : undefined;
};

/** All that is done by it, itself first; what is there no more does nothing. */
export const deedsOf = async (query: Query, of: { tenant: string; sealing: Sealing; deed: Deed }): Promise<Deed[]> => {
  const { tenant, sealing, deed } = of;
  const { name, input } = deed;
  const inner =
    name === "plans.apply"
      ? await ofPlan(query, sealing, { tenant, id: String(input.plan) })
      : name === "journal.undo"
        ? await ofUndoing(query, tenant, String(input.entry))
        : undefined;
  return inner === undefined ? [deed] : [deed, ...(await deedsOf(query, { tenant, sealing, deed: inner }))];
};
