// What a plan that is being applied asks of the world, in the transaction of its change: that nothing has moved, and that nobody has
// applied it. The plan becomes applied there too, so whatever dies, it is applied exactly when its change is there.
import type { Query } from "#platform/database.ts";
import type { Expectation, Subject } from "../api/call.ts";
import { lockApp } from "../apps/app-store.ts";
import { type Fingerprint, movedBetween } from "./fingerprint.ts";
import { fingerprintOfId } from "./fingerprint-store.ts";
import { applied, noPlan, type PlanRow, stale } from "./plan.ts";
import { claimPlan, lockPlan } from "./plan-store.ts";

/** An app that was made by this very change was not there before. */
const fingerprintNow = async (query: Query, subject: Subject): Promise<Fingerprint> => {
  if ("state" in subject) return subject.state();
  return subject.isNew === true ? {} : fingerprintOfId(query, subject.app);
};

export class Unmoved implements Expectation {
  readonly #plan: Pick<PlanRow, "id" | "app" | "fingerprint">;
  readonly #by: { key: string | undefined; run: string };

  /** `run` names this attempt: a change that is made of several asks several times, and only the first time counts. */
  constructor(plan: Pick<PlanRow, "id" | "app" | "fingerprint">, by: { key: string | undefined; run: string }) {
    this.#plan = plan;
    this.#by = by;
  }

  get plan(): string {
    return this.#plan.id;
  }

  /** Throws `plan_stale` or `plan_applied`. Whoever else changes the app waits until the transaction has ended. */
  async check(query: Query, subject: Subject): Promise<void> {
    const { id, fingerprint } = this.#plan;
    if ("app" in subject) await lockApp(query, subject.app);
    const claimed = await lockPlan(query, id);
    if (!claimed) throw noPlan(id);
    if (claimed.appliedRun === this.#by.run) return;
    if (claimed.appliedAt !== null) throw applied({ id, appliedAt: claimed.appliedAt });
    const moved = movedBetween(fingerprint, await fingerprintNow(query, subject));
    if (moved.length > 0) throw stale(this.#plan, moved);
    await claimPlan(query, id, this.#by);
  }
}
