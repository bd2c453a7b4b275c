import { randomUUID } from "node:crypto";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OutputOf, operations, type ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { Plan, PlanPolicy } from "@slipstream/contract/plan.ts";
import { whileAway } from "#platform/database-away.ts";
import { newId } from "#platform/ids.ts";
import { stillBeyond } from "../access/beyond.ts";
import type { Call, Handlers, JsonName, Perform } from "../api/call.ts";
import { keepNoAnswer } from "../api/claim-store.ts";
import { parseInput } from "../api/parse.ts";
import type { Control } from "../control.ts";
import type { SourceStore } from "../sources/source-store.ts";
import { movedBetween } from "./fingerprint.ts";
import { fingerprintOfName } from "./fingerprint-store.ts";
import { applied, bounded, checkGiven, expired, isShownTo, noPlan, type PlanRow, type Shown, stale, toPlan } from "./plan.ts";
import { answerPlan, dropOpenPlans, inputOfPlan, insertPlan, planIn, plansOf } from "./plan-store.ts";
import type { Planned } from "./planner.ts";
import { plannerOf } from "./planners.ts";
import { beyondGrant, policyOf } from "./policy.ts";
import { readingOf } from "./reading.ts";
import { Unmoved } from "./unmoved.ts";

interface Parts {
  control: Control;
  sources: SourceStore;
  perform: Perform;
}

const checkSize = (input: Record<string, unknown>): void => {
  if (Buffer.byteLength(JSON.stringify(input)) > limit("planBytes"))
    throw new SlipError("too_large", `The input of a planned operation has at most ${limit("planBytes")} bytes.`);
};

const store = (
  { control }: Parts,
  call: Call,
  of: Omit<Parameters<typeof insertPlan>[2], "id" | "tenant" | "actor" | "grantId" | "expiresAt">,
): Promise<PlanRow> => {
  const { tenant, actor, token } = call;
  const made = { ...of, id: newId("pln"), tenant, actor, grantId: token.grantId, expiresAt: new Date(Date.now() + limit("planMs")) };
  return control.database.begin(async (query) => {
    // It takes no room from those who are let in already.
    if (token.kind === "invitation") await dropOpenPlans(query, made);
    return insertPlan(query, control.sealing, made);
  });
};

/** The schema of what is planned: the hash of a secret can be left to who applies it. */
const plannedInput = (name: JsonName): Pick<Operation, "input"> => {
  const { input }: Operation = operations[name];
  return { input: "sha256" in input.shape ? input.partial({ sha256: true }) : input };
};

const shownOf = ({ changes, interrupts, quota, inverse, asks, within, effect }: Planned, name: JsonName, policy: PlanPolicy): Shown => ({
  effect: effect ?? (operations[within?.operation ?? name].effect as Plan["effect"]),
  changes: bounded(changes),
  interrupts,
  policy,
  quota,
  ...(inverse ? { inverse } : {}),
  ...(asks ? { asks } : {}),
});

const create = async (parts: Parts, call: Call, { operation, input: raw }: ParsedInputOf<"plans.create">): Promise<Plan> => {
  const { name, planner } = plannerOf(operation);
  const { database } = parts.control;
  const asked = parseInput(plannedInput(name), raw);
  const beyond = await beyondGrant(database, call, name, asked);
  const rows = await planner.read(readingOf(parts.control, parts.sources, call), asked as never);
  const planned: Planned = planner.plan(asked as never, rows);
  const { app, input = asked, wished, within } = planned;
  checkSize(input);
  const inner = within === undefined ? [] : await beyondGrant(database, call, within.operation, within.input);
  const shown = shownOf(planned, name, policyOf(call, [...beyond, ...stillBeyond(inner, beyond)], wished));
  // Nothing has changed that the journal could tell of.
  call.journaled = true;
  return toPlan(await store(parts, call, { operation: name, app, input, shown, fingerprint: rows.fingerprint }), new Date());
};

const find = async ({ control }: Parts, call: Call, id: string): Promise<PlanRow> => {
  const row = await planIn(control.database, call.tenant, id);
  if (!row || !isShownTo(row, call)) throw noPlan(id);
  return row;
};

/** A refusal before anything is begun; what counts is asked once more in the transaction of the change. */
const expectUnmoved = async ({ control }: Parts, call: Call, row: PlanRow): Promise<void> => {
  if (row.app === null) return;
  const moved = movedBetween(row.fingerprint, await fingerprintOfName(control.database, call.tenant, row.app));
  if (moved.length > 0) throw stale(row, moved);
};

/** With what was left to who applies it. Throws `otherwise` where it was removed. */
const inputOf = async ({ control }: Parts, row: PlanRow, { given, otherwise }: { given: Given; otherwise: SlipError }): Promise<Record<string, unknown>> => {
  const input = await inputOfPlan(control.database, control.sealing, row);
  if (!input) throw otherwise;
  return given.sha256 === undefined ? input : { ...input, ...given };
};

type Output = Record<string, unknown>;
type Given = Pick<ParsedInputOf<"plans.apply">, "sha256">;

/** Its change is there, and the answer to that was lost: what the operation began is joined, or its answer made again. */
const joined = async (parts: Parts, call: Call, row: PlanRow, given: Given): Promise<Output> => {
  const { name, planner } = plannerOf(row.operation);
  const input = parseInput(operations[name], await inputOf(parts, row, { given, otherwise: applied(row) }));
  const applying = { ...parts, call: { ...call, idempotencyKey: row.id }, plan: row };
  return (planner.again ? await planner.again(applying, input as never) : await parts.perform(applying.call, name, input as never)) as Output;
};

/** The key of what is done is the plan's own: whoever applies it begins the same thing. */
const done = async (parts: Parts, call: Call, row: PlanRow, given: Given): Promise<Output> => {
  if (row.expiresAt <= new Date()) throw expired(row);
  await expectUnmoved(parts, call, row);
  const input = await inputOf(parts, row, { given, otherwise: expired(row) });
  const expects = new Unmoved(row, { key: call.idempotencyKey, run: randomUUID() });
  return (await parts.perform({ ...call, idempotencyKey: row.id, expects }, row.operation as JsonName, input as never)) as Output;
};

/** Whether the caller has applied it: with this key, or by asking for an approval, whose id is the key then. */
const isMine = ({ appliedKey, actor }: PlanRow, call: Call): boolean =>
  (call.idempotencyKey !== undefined && appliedKey === call.idempotencyKey) || (appliedKey?.startsWith("apv_") === true && actor === call.actor);

/** An answer that holds a secret is kept nowhere: who asks again with the same key is answered anew, while the input is there. */
const keepOutput = ({ control }: Parts, call: Call, { id, operation }: PlanRow, output: Output): Promise<void> | void =>
  (operations[operation as JsonName] as Operation).answersSecret ? keepNoAnswer(call) : whileAway(() => answerPlan(control.database, id, output));

const apply = async (parts: Parts, call: Call, { plan: id, ...given }: ParsedInputOf<"plans.apply">): Promise<OutputOf<"plans.apply">> => {
  const row = await find(parts, call, id);
  // The operation that is done within has its own entry in the journal.
  call.journaled = true;
  const { operation } = row;
  if (row.appliedAt !== null && !isMine(row, call)) throw applied(row);
  if (row.answer !== null) return { plan: id, operation, output: row.answer };
  checkGiven(row, given);
  const output = await (row.appliedAt === null ? done : joined)(parts, call, row, given);
  await keepOutput(parts, call, row, output);
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

    async "plans.list"(page, call) {
      const now = new Date();
      return { plans: (await plansOf(control.database, call, page)).map((row) => toPlan(row, now)) };
    },

    async "plans.get"({ plan }, call) {
      return toPlan(await find(parts, call, plan), new Date());
    },

    "plans.apply": (input, call) => apply(parts, call, input),
  };
};
