// What planners read by: rows of one moment, which reading them does not change.
import type { Call } from "../api/call.ts";
import type { Control } from "../control.ts";
import type { SourceStore } from "../sources/source-store.ts";
import type { Reading } from "./planner.ts";

export const readingOf = (control: Control, sources: SourceStore, call: Call): Reading => ({
  control,
  sources,
  call,
  snapshot: (read) =>
    control.database.begin(async (query) => {
      await query`set transaction isolation level repeatable read, read only`;
      return read(query);
    }) as ReturnType<typeof read>,
});
