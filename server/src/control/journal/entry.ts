// An entry of the journal as pure rules: whether it still holds, what it changed, what stands in the way of undoing it.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { DeploymentKind, DeploymentState, JournalEntry } from "@slipstream/contract/words.ts";

export const noEntry = (id: string): SlipError =>
  new SlipError("not_found", `There is no entry ${id} in the journal.`, { next: "List them with 'slip journal'." });

export interface Inverse {
  operation: string;
  input: Record<string, unknown>;
}

export interface Entry {
  id: string;
  time: Date;
  actor: string;
  /** Who approved it, where it was beyond the grant of who asked. */
  approvedBy: string | null;
  requestId: string;
  operation: string;
  app: string | null;
  input: Record<string, unknown>;
  inverse: Inverse | null;
  noUndo: string | null;
  undoes: string | null;
  /** By which it was undone last; that one may have failed, or been undone itself. */
  undoneBy: string | null;
  deployment: string | null;
  /** Of the deployment that carries it out; null where there is none, or it is gone with its app. */
  deploymentState: DeploymentState | null;
  deploymentFailure: string | null;
  deploymentKind: DeploymentKind | null;
}

/** A deployment that did not become live took its change with it. The settings of one whose place a newer one took went on with that. */
const cameToNothing = ({ deploymentState: state, deploymentFailure, deploymentKind }: Entry): boolean =>
  (state === "failed" || state === "cancelled") && !(deploymentKind === "config" && deploymentFailure === "superseded");

/** The entry that undid this one, where that still holds: an undoing can fail, and be undone. `all` has those that came after it. */
export const undoerOf = (entry: Entry, all: ReadonlyMap<string, Entry>): Entry | undefined => {
  const undoer = entry.undoneBy === null ? undefined : all.get(entry.undoneBy);
  return undoer && holds(undoer, all) ? undoer : undefined;
};

/** Whether what the entry changed is so still, but for what came later. */
export const holds = (entry: Entry, all: ReadonlyMap<string, Entry>): boolean => !cameToNothing(entry) && undoerOf(entry, all) === undefined;

const namesIn = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : Object.keys((value as object | null) ?? {}));

/** The names of variables or secrets that an entry is about. */
const settingsOf = ({ operation, input }: Pick<Entry, "operation" | "input">): string[] => {
  const [kind, verb] = operation.split(".");
  if (kind !== "env" && kind !== "secrets") return [];
  const names = [input.values, input.versions, input.names, verb === "remove" ? undefined : input.remove].flatMap(namesIn);
  return names.map((name) => `${kind}:${name}`);
};

/** The webhook that an entry is about. */
const webhooksOf = ({ operation, input, inverse }: Pick<Entry, "operation" | "input" | "inverse">): string[] =>
  /^webhooks\.(create|update|remove)$/.test(operation) ? [`webhook:${String(input.webhook ?? inverse?.input.webhook)}`] : [];

/** What is not as it was any more after an entry. "app" is all of the app, "settings" all variables and secrets. */
const changes = (entry: Entry): string[] => {
  const { operation, deployment, deploymentKind } = entry;
  if (/^apps\.(create|destroy|restore)$/.test(operation)) return ["app"];
  if (operation === "apps.scale") return ["scale"];
  if (operation === "releases.rollback") return ["release", "settings"];
  if (/^domains\.(add|remove)$/.test(operation)) return [`domain:${entry.input.domain}`];
  const release = deployment !== null && deploymentKind !== "restart" ? ["release"] : [];
  return [...settingsOf(entry), ...webhooksOf(entry), ...release];
};

/** What must be as the entry left it, so that its inverse undoes it and nothing else. "all" is everything of the app. */
const guards = (entry: Entry): string[] => {
  const { operation, input } = entry;
  if (entry.inverse?.operation === "apps.destroy") return ["all"];
  if (entry.inverse?.operation === "apps.restore") return ["app"];
  if (entry.inverse?.operation === "releases.rollback") return ["release"];
  if (operation === "apps.scale") return ["scale"];
  if (/^domains\./.test(operation)) return [`domain:${input.domain}`];
  return [...settingsOf(entry), ...webhooksOf(entry)];
};

const touches = (changed: string, guarded: string): boolean =>
  guarded === "all" || changed === "app" || changed === guarded || (changed === "settings" && /^(env|secrets):/.test(guarded));

/** The first later change to the same thing that still holds; an undoing and what it undid make up for one another. Pure. */
export const laterChange = (entry: Entry, later: readonly Entry[]): Entry | undefined => {
  const all = new Map([entry, ...later].map((it) => [it.id, it]));
  const guarded = guards(entry);
  return later
    .filter((it) => holds(it, all) && (it.undoes === null || it.undoes < entry.id))
    .find((it) => changes(it).some((changed) => guarded.some((guard) => touches(changed, guard))));
};

const when = (time: Date): string => `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;

const named = ({ id, operation, actor, time }: Entry): string => `${operation} by ${actor} at ${when(time)} (${id})`;

/** Why an entry cannot be undone now, in one sentence; undefined when it can. Pure. */
export const obstacleTo = (entry: Entry, later: readonly Entry[]): string | undefined => {
  if (entry.inverse === null) return entry.noUndo ?? "Nothing undoes it.";
  const undoer = undoerOf(entry, new Map(later.map((it) => [it.id, it])));
  if (undoer) return `${entry.id} was undone already, by ${named(undoer)}; to do it again, undo that.`;
  if (cameToNothing(entry)) return `The deployment ${entry.deployment} did not become live, so ${entry.id} changed nothing.`;
  if (entry.deploymentState === "waiting" || entry.deploymentState === "running")
    return `The deployment ${entry.deployment} is under way; cancel it with 'slip cancel ${entry.deployment}'.`;
  const change = laterChange(entry, later);
  return change && `There is a later change to the same thing: ${named(change)}; undo that first.`;
};

/** As clients see it. `all` has those that came after it. */
export const toEntry = (entry: Entry, all: ReadonlyMap<string, Entry>): JournalEntry => {
  const { id, time, actor, approvedBy, requestId, operation, app, input, inverse, noUndo, undoes, deployment } = entry;
  const undoer = undoerOf(entry, all);
  return {
    ...{ id, time: time.toISOString(), actor, requestId, operation, input },
    ...(approvedBy === null ? {} : { approvedBy }),
    ...(app === null ? {} : { app }),
    ...(inverse === null ? {} : { inverse }),
    ...(noUndo === null ? {} : { noUndo }),
    ...(undoes === null ? {} : { undoes }),
    ...(undoer === undefined ? {} : { undoneBy: undoer.id }),
    ...(deployment === null ? {} : { deployment }),
  };
};
