import { SlipError } from "@slipstream/contract/errors.ts";
import { type OperationName, type OutputOf, operations } from "@slipstream/contract/operations/registry.ts";
import { Deployment } from "@slipstream/contract/words.ts";
import type { Call, Handlers, JsonName, Perform } from "../api/call.ts";
import type { Control } from "../control.ts";
import { toDeployment } from "../deployments/deployment.ts";
import { deploymentIn } from "../deployments/deployment-store.ts";
import { type Entry, type Inverse, noEntry, obstacleTo, toEntry, undoerOf } from "./entry.ts";
import { inverseNow } from "./inverse.ts";
import { adoptUndoing, entryWithLater, journalOf, undoingsSince } from "./journal-store.ts";

const byId = (entries: readonly Entry[]): Map<string, Entry> => new Map(entries.map((entry) => [entry.id, entry]));

/** An entry of another tenant is not there. */
const find = async ({ database }: Control, call: Call, id: string): Promise<{ entry: Entry; later: Entry[] }> => {
  const found = await entryWithLater(database, call.tenant, id);
  if (!found) throw noEntry(id);
  return found;
};

const isOperation = (name: string): name is OperationName => Object.hasOwn(operations, name);

/** The deployment that an operation's answer is, or holds. */
const deploymentHeld = (answer: unknown): Deployment | undefined => {
  const held = (answer as { deployment?: unknown } | null)?.deployment;
  return Deployment.safeParse(typeof held === "object" ? held : answer).data;
};

const doInverse = (perform: Perform, call: Call, entry: Entry, { operation, input }: Inverse): Promise<unknown> => {
  if (!isOperation(operation)) throw new SlipError("conflict", `The operation ${operation}, which would undo ${entry.id}, is not there any more.`);
  return perform({ ...call, undoes: { id: entry.id, undoneBy: entry.undoneBy ?? undefined } }, operation as JsonName, input as never);
};

const refusal = ({ app }: Entry, obstacle: string | undefined): SlipError =>
  new SlipError("conflict", obstacle, { next: app === null ? "See 'slip journal'." : `See 'slip journal ${app}'.` });

/** Why it failed; where somebody else has undone it meanwhile, that. */
const explained = async (control: Control, call: Call, before: Entry, error: unknown): Promise<unknown> => {
  const { entry, later } = await find(control, call, before.id);
  return entry.undoneBy === before.undoneBy ? error : refusal(entry, obstacleTo(entry, later));
};

/** The operation that undoes an entry now. Throws `conflict` where something is in the way. */
export const undoingOf = async (control: Control, call: Call, id: string): Promise<Inverse> => {
  const { entry, later } = await find(control, call, id);
  const obstacle = obstacleTo(entry, later);
  if (obstacle !== undefined || entry.inverse === null) throw refusal(entry, obstacle);
  return inverseNow(control.database, call.tenant, entry, entry.inverse);
};

/** What undoing an entry has answered, where that answer was lost. */
export const answerOfUndoing = async (control: Control, call: Call, id: string): Promise<OutputOf<"journal.undo">> => {
  const { entry, later } = await find(control, call, id);
  const undoer = undoerOf(entry, byId(later));
  if (undoer === undefined) throw refusal(entry, `${id} was undone, and what undid it is undone itself.`);
  const { operation, deployment: begun } = undoer;
  const deployment = begun === null ? undefined : await deploymentIn(control.database, call.tenant, begun);
  return {
    ...{ undone: id, entry: undoer.id, operation },
    ...(entry.app === null ? {} : { app: entry.app }),
    ...(deployment === undefined ? {} : { deployment: toDeployment(deployment, control.installation) }),
  };
};

const undo = async (control: Control, perform: Perform, call: Call, id: string) => {
  // What undoes it has an entry of its own.
  call.journaled = true;
  const { entry, later } = await find(control, call, id);
  const obstacle = call.claim?.isMade ? undefined : obstacleTo(entry, later);
  if (obstacle !== undefined || entry.inverse === null) throw refusal(entry, obstacle);
  const inverse = await inverseNow(control.database, call.tenant, entry, entry.inverse);
  const answer = await doInverse(perform, call, entry, inverse).catch(async (error: unknown) => {
    throw await explained(control, call, entry, error);
  });
  const deployment = deploymentHeld(answer);
  const { entry: after } = await find(control, call, id);
  const undoneBy = after.undoneBy ?? (await adoptUndoing(control.database, call.tenant, { id, app: entry.app, operation: inverse.operation }));
  if (undoneBy === undefined) throw new SlipError("internal", `${inverse.operation} has no entry in the journal.`);
  return {
    undone: id,
    entry: undoneBy,
    operation: inverse.operation,
    ...(entry.app === null ? {} : { app: entry.app }),
    ...(deployment === undefined ? {} : { deployment }),
  };
};

type JournalNames = "journal.list" | "journal.get" | "journal.undo";

export const journalOperations = (control: Control, perform: Perform): Pick<Handlers, JournalNames> => ({
  async "journal.list"(page, call) {
    const entries = await journalOf(control.database, call, page);
    const all = byId(await undoingsSince(control.database, call.tenant, entries.at(-1)?.id ?? ""));
    return { entries: entries.map((entry) => toEntry(entry, all)) };
  },

  async "journal.get"({ entry: id }, call) {
    const { entry, later } = await find(control, call, id);
    const obstacle = obstacleTo(entry, later);
    return { ...toEntry(entry, byId(later)), ...(obstacle === undefined ? {} : { obstacle }) };
  },

  "journal.undo": ({ entry }, call) => undo(control, perform, call, entry),
});
