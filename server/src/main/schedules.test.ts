// Functions that are called by their schedules, with a real PostgreSQL: who calls, for which minutes, and that nobody calls twice.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import type { LogLine } from "@slipstream/contract/logs.ts";
import { callers } from "@slipstream/contract/ports/calls.ts";
import { hostCalls } from "@slipstream/contract/ports/host.ts";
import type { ScheduledCall, ScheduledResult } from "@slipstream/contract/ports/scheduled.ts";
import { serveCalls } from "#platform/calls.ts";
import { logOf } from "#platform/log.ts";
import { trimCalls } from "../control/schedules/schedule-store.ts";
import { Scheduler } from "../control/schedules/scheduler.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

/** A day that is not now, so that the plane's own control has nothing to do with it. */
const cron = "* * 29 2 *";
const at = (time: string): number => Date.parse(`2096-02-29T${time}Z`);

const workload = `dep_${"0".repeat(26)}`;
const lived = (schedule: readonly string[]) => `
  insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment, live_at)
    select 'rel_1', id, 1, 'sha256:1', '${JSON.stringify({ function: { schedule } })}', '{}', '{}', '${workload}', '2096-02-29T11:59:30Z' from apps where name = 'shop';
  insert into deployments (id, app_id, tenant, kind, state, request, release_id, release, workload)
    select '${workload}', id, 'local', 'deploy', 'live', '{}', 'rel_1', 1, '${workload}' from apps where name = 'shop';
  insert into workloads (id, app_id, release_id, desire, instances) select '${workload}', id, 'rel_1', 'running', 1 from apps where name = 'shop';
  update apps set live_deployment = '${workload}' where name = 'shop';`;

describe("schedules", () => {
  const folder = mkdtempSync(join(tmpdir(), "slip-schedules-"));
  const calls: ScheduledCall[] = [];
  const lines: LogLine[] = [];
  let answer: () => Promise<ScheduledResult>;
  let plane: ControlPlane;
  let parts: Parameters<Scheduler["look"]>[0];
  let close: () => void;
  const due = (): string[] => calls.map(({ dueAt }) => new Date(dueAt).toISOString().slice(11, 16));
  /** The end of what the last look began. */
  const settled = async (count: number): Promise<string[]> => {
    for (const end = performance.now() + 5_000; lines.length < count; await new Promise(setImmediate)) assert.ok(performance.now() < end, "nothing was said");
    return lines.map(({ text }) => text);
  };

  before(async () => {
    plane = await startControlPlane();
    await plane.client.call("apps.create", { app: "shop" });
    await plane.database.unsafe(lived([cron]));
    const socketPath = join(folder, "host.sock");
    const log = logOf("test");
    const { callScheduled } = hostCalls;
    const handler = (call: ScheduledCall): Promise<ScheduledResult> => {
      calls.push(call);
      return answer();
    };
    const server = await serveCalls({ callScheduled }, { callScheduled: handler }, { socketPath, log });
    close = () => server.close();
    const logWriter = {
      append: (line: LogLine) => void lines.push(line),
      flush: () => Promise.resolve(),
      follow: () => {},
      removeApp: () => Promise.resolve(),
    };
    parts = { database: plane.database, host: callers(hostCalls, socketPath), logWriter, log };
  });
  beforeEach(async () => {
    calls.length = 0;
    lines.length = 0;
    answer = () => Promise.resolve({ outcome: "done" });
    await plane.database`delete from scheduled_calls`;
  });
  after(async () => {
    close();
    await plane.stop();
    rmSync(folder, { recursive: true });
  });

  it("a minute is called for once, however often and by however many it is looked at", async () => {
    const many = [new Scheduler(), new Scheduler(), new Scheduler()];
    for (const time of ["12:00:01", "12:00:02", "12:00:59"]) await Promise.all(many.map((scheduler) => scheduler.look(parts, at(time))));
    await settled(1);
    assert.deepEqual(due(), ["12:00"]);
    assert.deepEqual([calls[0]?.id, calls[0]?.cron], [workload, cron]);
  });

  it("each minute is called for, none of them that was missed, and none that is past", async () => {
    const scheduler = new Scheduler();
    for (const [index, time] of ["12:00:01", "12:01:00", "12:05:30"].entries()) {
      await scheduler.look(parts, at(time));
      await settled(index + 1);
    }
    await scheduler.look(parts, at("12:04:00"));
    await new Scheduler().look(parts, at("12:05:50"));
    assert.deepEqual(due(), ["12:00", "12:01", "12:05"]);
  });

  it("a minute that began before the release was live is not its own, unless the one before it had the schedule too", async () => {
    await new Scheduler().look(parts, at("11:59:40"));
    assert.deepEqual(due(), []);
    await plane.database`insert into scheduled_calls (app_id, cron, due_at) select id, ${cron}, '2096-02-29T11:58:00Z' from apps where name = 'shop'`;
    await new Scheduler().look(parts, at("11:59:40"));
    await settled(1);
    assert.deepEqual(due(), ["11:59"]);
  });

  it("nothing is called on another day, or of an app that was destroyed", async () => {
    await new Scheduler().look(parts, Date.parse("2096-03-01T12:00:00Z"));
    await plane.database`update apps set destroyed_at = now(), live_before = live_deployment, live_deployment = null where name = 'shop'`;
    await new Scheduler().look(parts, at("12:00:00"));
    await plane.database`update apps set destroyed_at = null, live_deployment = live_before, live_before = null where name = 'shop'`;
    assert.deepEqual(due(), []);
  });

  it("is left out while the call before it is under way", async () => {
    const scheduler = new Scheduler();
    const { promise, resolve } = Promise.withResolvers<ScheduledResult>();
    answer = () => promise;
    await scheduler.look(parts, at("12:00:00"));
    await scheduler.look(parts, at("12:01:00"));
    assert.match((await settled(1))[0] ?? "", /12:01Z: left out: the call before it is not over$/);
    resolve({ outcome: "done" });
    await settled(2);
    await scheduler.look(parts, at("12:02:00"));
    await settled(3);
    assert.deepEqual(due(), ["12:00", "12:02"]);
  });

  it("the log of the app says what became of it", async () => {
    const scheduler = new Scheduler();
    await scheduler.look(parts, at("12:00:00"));
    await settled(1);
    answer = () => Promise.resolve({ outcome: "failed", error: "Error: no" });
    await scheduler.look(parts, at("12:01:00"));
    await settled(2);
    answer = () => Promise.reject(new Error("defect"));
    await scheduler.look(parts, at("12:02:00"));
    const [done, failed, lost] = await settled(3);
    assert.match(done ?? "", /^scheduled\(\) of \* \* 29 2 \* at 2096-02-29T12:00Z: done in \d+ ms$/);
    assert.match(failed ?? "", /failed after \d+ ms: Error: no$/);
    assert.match(lost ?? "", /: not called: ./);
    assert.deepEqual([lines[0]?.app, lines[0]?.deployment, lines[0]?.source], ["shop", workload, "platform"]);
  });

  it("old calls are forgotten", async () => {
    await plane.database`insert into scheduled_calls (app_id, cron, due_at) select id, 'old', now() - interval '2 days' from apps where name = 'shop'`;
    await plane.database`insert into scheduled_calls (app_id, cron, due_at) select id, 'new', now() from apps where name = 'shop'`;
    await trimCalls(plane.database);
    assert.deepEqual(
      (await plane.database<{ cron: string }[]>`select cron from scheduled_calls`).map((row) => row.cron),
      ["new"],
    );
  });
});
