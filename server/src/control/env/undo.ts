// What undoes a change of variables or secrets, by what was there before. Pure.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Undo } from "../deployments/create.ts";

/** Throws `invalid_input` for a name that is to have a value and to go too. */
export const namesOf = (set: readonly string[], remove: readonly string[]): string[] => {
  const both = set.filter((name) => remove.includes(name));
  if (both.length > 0) throw new SlipError("invalid_input", `${both.join(", ")} cannot be set and removed in one step.`);
  if (set.length + remove.length === 0) throw new SlipError("invalid_input", "No name is given.");
  return [...set, ...remove];
};

/** `names`: those that the change sets or removes; what it removes and is not there stays so. */
interface Changing {
  app: string;
  names: readonly string[];
  removed: readonly string[];
}

interface Parts<T> {
  /** Values that come back. */
  old: Record<string, T>;
  /** Names that were not there, and go. */
  fresh: string[];
}

const partsOf = <T>({ names, removed }: Changing, before: Readonly<Record<string, T>>): Parts<T> => {
  const known = names.filter((name) => Object.hasOwn(before, name));
  return {
    old: Object.fromEntries(known.map((name) => [name, before[name] as T])),
    fresh: names.filter((name) => !known.includes(name) && !removed.includes(name)),
  };
};

const hasAny = (of: object): boolean => Object.keys(of).length > 0;
const changedNothing: Undo = { noUndo: "It changed nothing." };

export const undoOfEnv = (of: Changing, before: Readonly<Record<string, string>>): Undo => {
  const { app } = of;
  const { old, fresh } = partsOf(of, before);
  if (hasAny(old)) return { inverse: { operation: "env.set", input: { app, values: old, ...(fresh.length > 0 ? { remove: fresh } : {}) } } };
  return fresh.length > 0 ? { inverse: { operation: "env.remove", input: { app, names: fresh } } } : changedNothing;
};

/** Back to the versions of before, whose values nobody has to know for that. */
export const undoOfSecrets = (of: Changing, before: Readonly<Record<string, number>>): Undo => {
  const { app } = of;
  const { old, fresh } = partsOf(of, before);
  if (hasAny(old)) return { inverse: { operation: "secrets.restore", input: { app, versions: old, ...(fresh.length > 0 ? { remove: fresh } : {}) } } };
  return fresh.length > 0 ? { inverse: { operation: "secrets.remove", input: { app, names: fresh } } } : changedNothing;
};
