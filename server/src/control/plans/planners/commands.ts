// What a command that runs once in an app would do, as far as anybody but the command knows.
import { durationText } from "#platform/diagnosis/amounts.ts";
import { keyWithin } from "../../api/idempotency.ts";
import { noLiveRelease } from "../../apps/refusals.ts";
import { commandShown, runInApp } from "../../apps/run.ts";
import { type AppRows, readApp } from "../app-rows.ts";
import { change } from "../diff.ts";
import { planner } from "../planner.ts";
import { quotaOf } from "../words.ts";

export interface CommandRows extends AppRows {
  /** Without the values of secrets. */
  command: string;
}

const run = planner<"apps.run", CommandRows>({
  async read(reading, { app, command }) {
    const rows = await readApp(reading, app);
    return { ...rows, command: await commandShown(reading.control, rows.app, command) };
  },
  plan({ app, timeoutMs }, { live, command }) {
    if (live === undefined) throw noLiveRelease(app);
    return {
      app,
      changes: [
        ...change("command", undefined, command),
        ...change("runs beside", undefined, `release ${live.number}, for at most ${durationText(timeoutMs)}`),
      ],
      interrupts: [
        { what: `release ${live.number}, by what the command changes`, why: "It has the app's variables and secrets, and what it does is known to it alone." },
      ],
      quota: [quotaOf("runMs", timeoutMs)],
    };
  },
  again: ({ control, call }, input) => {
    const { idempotencyKey: key } = call;
    return runInApp(control, { ...call, ...(key === undefined ? {} : { idempotencyKey: keyWithin(key, "apps.run") }) }, input, true);
  },
});

export const commandPlanners = { "apps.run": run };
