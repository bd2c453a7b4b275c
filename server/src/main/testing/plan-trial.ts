// What trials of plans share: a wait, a refusal, and control that dies between the change of a plan and its answer.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { Plan } from "@slipstream/contract/plan.ts";
import type { ControlPlane } from "./control-plane.ts";

/** For `assert.rejects`: an error of the catalogue, by its code and words. */
export const refused =
  (code: string, message = /./) =>
  (error: unknown): boolean => {
    assert.equal((error as SlipError).code, code);
    assert.match((error as SlipError).message, message);
    return true;
  };

export const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + 20_000; !(await holds()); await sleep(20)) if (performance.now() > end) throw new Error(`It did not come true: ${what}`);
};

const holdAnswers = ({ database }: ControlPlane) =>
  database.unsafe(`
    create function hold() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return new; end $$;
    create trigger hold before update on plans for each row when (new.answer is not null) execute function hold()`);
const releaseAnswers = ({ database }: ControlPlane) =>
  database.unsafe(`
    select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query like '%update plans set answer%';
    drop trigger hold on plans; drop function hold()`);

/** Applies all of them, and kills control when each is done and none is answered. Resolves when control is back. */
export const loseAnswers = async (plane: ControlPlane, made: readonly Plan[], apply: (each: Plan, index: number) => Promise<unknown>): Promise<void> => {
  await holdAnswers(plane);
  const lost = made.map((each, index) => apply(each, index).catch(() => "lost"));
  await until("all changes are made", async () => {
    const ids = made.map((each) => each.plan);
    return (await plane.database`select 1 from plans where applied_at is not null and answer is null and id = any(${ids})`).length === made.length;
  });
  const back = plane.strike("control");
  await releaseAnswers(plane);
  assert.deepEqual(
    await Promise.all(lost),
    made.map(() => "lost"),
  );
  await back();
};
