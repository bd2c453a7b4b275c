// Scales apps by themselves: looks at what their instances have to do, and asks for more or fewer as `scaling.ts` says.
import { limit } from "@slipstream/contract/limits.ts";
import { lockApp } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { tagsOf } from "../deployments/deployment.ts";
import { submitTask } from "../deployments/submission.ts";
import { insertTask } from "../tasks/task-store.ts";
import { type ScalingRow, scalingApps } from "./load-store.ts";
import { advised, type Load, type Need, needed, scaleOf } from "./scaling.ts";

/** What was counted up to a moment, of each edge process and of the host. */
interface Count {
  at: number;
  requestMs: ReadonlyMap<string, number>;
  cpuMs: number;
}

interface Known {
  count: Count;
  needs: Need[];
  /** The last change that was asked for, and how often in vain: the machine may have no room for it. */
  asked?: { instances: number; at: number; times: number };
}

const firstPauseMs = 15_000;
const longestPauseMs = 300_000;

/** The load between two counts; a process that began anew counts from nothing. Pure. */
export const loadBetween = (before: Count, now: Count): Load => {
  const passedMs = Math.max(1, now.at - before.at);
  let requestMs = 0;
  for (const [edge, ms] of now.requestMs) requestMs += Math.max(0, ms - (before.requestMs.get(edge) ?? 0));
  return { requests: requestMs / passedMs, cores: Math.max(0, now.cpuMs - before.cpuMs) / passedMs };
};

/** Needs of the last `keptMs`, and one before them, which says that it was looked at by then. */
const keep = (needs: Need[], now: number, keptMs: number): void => {
  while (needs[1] !== undefined && needs[1].at <= now - keptMs) needs.shift();
};

export class Autoscaler {
  readonly #known = new Map<string, Known>();

  /** To be called every few seconds. */
  async look(control: Control): Promise<void> {
    const rows = await scalingApps(control.database);
    const counts = rows.length === 0 ? undefined : await countAll(control, rows);
    for (const row of rows) {
      const count = counts?.(row);
      if (count) await this.#consider(control, row, count);
    }
    const looked = new Set(rows.map(({ workload }) => workload));
    if ([...this.#known.keys()].some((id) => !looked.has(id))) await this.#forget(control);
  }

  /** Workloads that serve no more. What is just being changed is remembered, and looked at again when that is over. */
  async #forget({ database }: Control): Promise<void> {
    const rows = await database<{ id: string }[]>`select id from workloads where retired_at is null`;
    const living = new Set(rows.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!living.has(id)) this.#known.delete(id);
  }

  async #consider(control: Control, row: ScalingRow, count: Count): Promise<void> {
    const known = this.#known.get(row.workload);
    if (!known) {
      this.#known.set(row.workload, { count, needs: [] });
      return;
    }
    const scale = scaleOf(row.config.scale);
    const load = loadBetween(known.count, count);
    known.count = count;
    const cpus = row.config.run?.cpus ?? limit("cpus");
    known.needs.push({ at: count.at, instances: needed(load, { instances: row.instances, cpus, scale }) });
    keep(known.needs, count.at, Math.max(scale.downMs, limit("scaleUpMs")));
    const instances = advised(known.needs, { instances: row.instances, scale, now: count.at });
    if (instances !== row.instances) await this.#ask(control, { row, known, instances, load, at: count.at });
  }

  async #ask(
    control: Control,
    { row, known, instances, load, at }: { row: ScalingRow; known: Known; instances: number; load: Load; at: number },
  ): Promise<void> {
    const { asked } = known;
    const times = asked?.instances === instances ? asked.times + 1 : 0;
    if (asked && times > 0 && at - asked.at < Math.min(longestPauseMs, firstPauseMs * 2 ** (times - 1))) return;
    known.asked = { instances, at, times };
    const task = await control.database.begin(async (query) => {
      const app = await lockApp(query, row.appId);
      if (!app || app.destroyedAt !== null) return undefined;
      return insertTask(query, { appId: row.appId, tenant: row.tenant, input: { kind: "scale", instances, byItself: true }, idempotencyKey: undefined });
    });
    if (!task) return;
    control.logWriter.append({
      time: new Date().toISOString(),
      source: "platform",
      stream: "stdout",
      ...tagsOf({ ...row, id: row.deployment }),
      text: `scales from ${row.instances} to ${instances}: ${load.requests.toFixed(1)} requests under way, ${load.cores.toFixed(2)} cores of work`,
    });
    await submitTask(control, task);
  }
}

/** What edges and host have counted of each; undefined of one that the host does not have. */
const countAll = async (control: Control, rows: readonly ScalingRow[]): Promise<(row: ScalingRow) => Count | undefined> => {
  const [edges, host] = await Promise.all([
    control.routes.edges.loads(rows.map(({ deployment }) => deployment)),
    control.host.loads({ workloads: rows.map(({ workload }) => workload) }),
  ]);
  const at = performance.now();
  return ({ deployment, workload }) => {
    const cpuMs = host.cpuMs[workload];
    if (cpuMs === undefined) return undefined;
    return { at, requestMs: new Map(edges.map(({ since, requestMs }) => [since, requestMs[deployment] ?? 0])), cpuMs };
  };
};
