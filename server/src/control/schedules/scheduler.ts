// Calls functions at the times of their schedules: each time once, or, where control was away for longer than a minute, not at all.
import { isDue } from "@slipstream/contract/cron.ts";
import type { ScheduledResult } from "@slipstream/contract/ports/scheduled.ts";
import type { Control } from "../control.ts";
import { tagsOf } from "../deployments/deployment.ts";
import { claimCall, type ScheduledRow, scheduledFunctions } from "./schedule-store.ts";

const minuteMs = 60_000;

type Parts = Pick<Control, "database" | "host" | "logWriter" | "log">;

interface Due {
  row: ScheduledRow;
  cron: string;
  dueAt: Date;
}

const durationOf = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);

const wordsOf = (result: ScheduledResult, ms: number): string =>
  result.outcome === "done" ? `done in ${durationOf(ms)}` : `failed after ${durationOf(ms)}: ${result.error}`;

export class Scheduler {
  /** The last minute that was looked at to its end. */
  #looked = 0;
  readonly #underWay = new Set<string>();

  /** To be called every second or so. Calls go on when it has resolved. */
  async look(control: Parts, now: number = Date.now()): Promise<void> {
    const minute = Math.floor(now / minuteMs) * minuteMs;
    if (minute === this.#looked) return;
    const dueAt = new Date(minute);
    for (const row of await scheduledFunctions(control.database))
      for (const cron of new Set(row.schedule)) if (isDue(cron, dueAt)) await this.#begin(control, { row, cron, dueAt });
    this.#looked = minute;
  }

  async #begin(control: Parts, due: Due): Promise<void> {
    const { row, cron, dueAt } = due;
    if (!(await claimCall(control.database, { ...row, cron, dueAt }))) return;
    const key = `${row.workload} ${cron}`;
    if (this.#underWay.has(key)) return this.#say(control, due, "left out: the call before it is not over");
    this.#underWay.add(key);
    void this.#call(control, due).finally(() => this.#underWay.delete(key));
  }

  async #call(control: Parts, due: Due): Promise<void> {
    const { row, cron, dueAt } = due;
    const started = performance.now();
    const words = await control.host.callScheduled({ id: row.workload, cron, dueAt: dueAt.getTime() }).then(
      (result) => wordsOf(result, performance.now() - started),
      (error: unknown) => `not called: ${error instanceof Error ? error.message : String(error)}`,
    );
    this.#say(control, due, words);
  }

  #say({ logWriter }: Parts, { row, cron, dueAt }: Due, words: string): void {
    logWriter.append({
      time: new Date().toISOString(),
      source: "platform",
      stream: "stdout",
      ...tagsOf({ ...row, id: row.deployment }),
      text: `scheduled() of ${cron} at ${dueAt.toISOString().slice(0, 16)}Z: ${words}`,
    });
  }
}
