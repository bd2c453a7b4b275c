import { randomUUID } from "node:crypto";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { type OutputOf, operations, type ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { Plan } from "@slipstream/contract/plan.ts";
import { whileAway } from "#platform/database-away.ts";
import { newId } from "#platform/ids.ts";
import type { Call, Handlers, JsonName, Perform } from "../api/call.ts";
import { parseInput } from "../api/parse.ts";
import type { Control } from "../control.ts";
import type { SourceStore } from "../sources/source-store.ts";
import { movedBetween } from "./fingerprint.ts";
import { fingerprintOfName } from "./fingerprint-store.ts";
import { applied, bounded, expired, noPlan, type PlanRow, stale, toPlan } from "./plan.ts";
import { answerPlan, inputOfPlan, insertPlan, planIn, plansOf } from "./plan-store.ts";
import type { Planned, Reading } from "./planner.ts";
import { plannerOf } from "./planners.ts";
import { policyOf, withinCaps } from "./policy.ts";
import { Unmoved } from "./unmoved.ts";

interface Parts {
  control: Control;
  sources: SourceStore;
  perform: Perform;
}

const readingOf = ({ control, sources }: Parts, call: Call): Reading => ({
  control,
  sources,
  call,
  snapshot: (read) =>
    control.database.begin(async (query) => {
      await query`set transaction isolation level repeatable read, read only`;
      return read(query);
    }) as ReturnType<typeof read>,
});

const checkSize = (input: Record<string, unknown>): void => {
  if (Buffer.byteLength(JSON.stringify(input)) > limit("planBytes"))
    throw new SlipError("too_large", `The input of a planned operation has at most ${limit("planBytes")} bytes.`);
};

const store = ({ control }: Parts, call: Call, of: Omit<Parameters<typeof insertPlan>[2], "id" | "tenant" | "actor" | "expiresAt">): Promise<PlanRow> => {
  const { tenant, actor } = call;
  const made = { ...of, id: newId("pln"), tenant, actor, expiresAt: new Date(Date.now() + limit("planMs")) };
  return control.database.begin((query) => insertPlan(query, control.sealing, made));
};

const create = async (parts: Parts, call: Call, { operation, input: raw }: ParsedInputOf<"plans.create">): Promise<Plan> => {
  const { name, planner } = plannerOf(operation);
  const asked = parseInput(operations[name], raw);
  const decided = await policyOf(parts.control.database, call, name, asked);
  const rows = await planner.read(readingOf(parts, call), asked as never);
  const planned: Planned = planner.plan(asked as never, rows);
  const input = planned.input ?? asked;
  checkSize(input);
  const { app, changes, interrupts, quota, inverse, wished } = planned;
  const policy = withinCaps(decided, call, wished);
  const shown = { effect: operations[name].effect as Plan["effect"], changes: bounded(changes), interrupts, policy, quota, ...(inverse ? { inverse } : {}) };
  // Nothing has changed that the journal could tell of.
  call.journaled = true;
  return toPlan(await store(parts, call, { operation: name, app, input, shown, fingerprint: rows.fingerprint }), new Date());
};

const find = async ({ control }: Parts, call: Call, id: string): Promise<PlanRow> => {
  const row = await planIn(control.database, call.tenant, id);
  if (!row) throw noPlan(id);
  return row;
};

/** A refusal before anything is begun; what counts is asked once more in the transaction of the change. */
const expectUnmoved = async ({ control }: Parts, call: Call, row: PlanRow): Promise<void> => {
  if (row.app === null) return;
  const moved = movedBetween(row.fingerprint, await fingerprintOfName(control.database, call.tenant, row.app));
  if (moved.length > 0) throw stale(row, moved);
};

/** Throws `otherwise` where it was removed. */
const inputOf = async ({ control }: Parts, row: PlanRow, otherwise: SlipError): Promise<Record<string, unknown>> => {
  const input = await inputOfPlan(control.database, control.sealing, row);
  if (!input) throw otherwise;
  return input;
};

type Output = Record<string, unknown>;

/** Its change is there, and the answer to that was lost: what the operation began is joined, or its answer made again. */
const joined = async (parts: Parts, call: Call, row: PlanRow): Promise<Output> => {
  const { name, planner } = plannerOf(row.operation);
  const input = parseInput(operations[name], await inputOf(parts, row, applied(row)));
  const applying = { ...parts, call: { ...call, idempotencyKey: row.id } };
  return (planner.again ? await planner.again(applying, input as never) : await parts.perform(applying.call, name, input as never)) as Output;
};

/** The key of what is done is the plan's own: whoever applies it begins the same thing. */
const done = async (parts: Parts, call: Call, row: PlanRow): Promise<Output> => {
  if (row.expiresAt <= new Date()) throw expired(row);
  await expectUnmoved(parts, call, row);
  const input = await inputOf(parts, row, expired(row));
  const expects = new Unmoved(row, { key: call.idempotencyKey, run: randomUUID() });
  return (await parts.perform({ ...call, idempotencyKey: row.id, expects }, row.operation as JsonName, input as never)) as Output;
};

/** Whether the caller has applied it: with this key, or by asking for an approval, whose id is the key then. */
const isMine = ({ appliedKey, actor }: PlanRow, call: Call): boolean =>
  (call.idempotencyKey !== undefined && appliedKey === call.idempotencyKey) || (appliedKey?.startsWith("apv_") === true && actor === call.actor);

const apply = async (parts: Parts, call: Call, id: string): Promise<OutputOf<"plans.apply">> => {
  const row = await find(parts, call, id);
  // The operation that is done within has its own entry in the journal.
  call.journaled = true;
  const { operation } = row;
  if (row.appliedAt !== null && !isMine(row, call)) throw applied(row);
  if (row.answer !== null) return { plan: id, operation, output: row.answer };
  const output = row.appliedAt === null ? await done(parts, call, row) : await joined(parts, call, row);
  await whileAway(() => answerPlan(parts.control.database, id, output));
  return { plan: id, operation, output };
};

export const planOperations = (
  control: Control,
  sources: SourceStore,
  perform: Perform,
): Pick<Handlers, "plans.create" | "plans.list" | "plans.get" | "plans.apply"> => {
  const parts = { control, sources, perform };
  return {
    "plans.create": (input, call) => create(parts, call, input),

    async "plans.list"({ app, limit }, call) {
      const now = new Date();
      return { plans: (await plansOf(control.database, call, { app, limit })).map((row) => toPlan(row, now)) };
    },

    async "plans.get"({ plan }, call) {
      return toPlan(await find(parts, call, plan), new Date());
    },

    "plans.apply": ({ plan }, call) => apply(parts, call, plan),
  };
};
