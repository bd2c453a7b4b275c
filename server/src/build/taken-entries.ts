// What of a source becomes an app: all that its plan does not leave out.
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import type { SourceEntry } from "@slipstream/contract/source.ts";

export const takenEntries = (entries: readonly SourceEntry[], { omits = [] }: BuildPlan): readonly SourceEntry[] => {
  if (omits.length === 0) return entries;
  const left = new Set(omits);
  return entries.filter(({ path }) => !left.has(path));
};
