// What the host answers of the calls that are about sandboxes.
import type { Check, hostCalls, JobResult, JobSpec } from "@slipstream/contract/ports/host.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import type { Handlers } from "#platform/calls.ts";
import type { Jobs } from "./runs/jobs.ts";
import type { CpuMeter } from "./sandboxes/cpu-meter.ts";
import { Observation } from "./workloads/observed.ts";
import { surplusOf, type Workloads } from "./workloads/workloads.ts";

export type RuntimeCalls = Omit<typeof hostCalls, "fetchGit" | "readConfig" | "build" | "cancelBuild" | "collect" | "status" | "inspect" | "sweep">;

interface Answering {
  workloads: Workloads;
  jobs: Jobs;
  meter: CpuMeter;
  logs: LogWriter;
  /** For `slip doctor`. */
  checks(): Promise<Check[]>;
}

const empty = async (act: Promise<unknown>): Promise<Record<string, never>> => {
  await act;
  return {};
};

export const runtimeHandlers = ({ workloads, jobs, meter, logs, checks }: Answering): Handlers<RuntimeCalls> => {
  const observation = new Observation();
  return {
    ensure: (spec) => workloads.ensure(spec),
    park: ({ id }) => empty(workloads.park(id)),
    unpark: ({ id }) => workloads.unpark(id),
    crash: ({ id, withinMs }) => {
      const failure = workloads.crash(id, withinMs);
      return Promise.resolve(failure === undefined ? {} : { failure });
    },
    remove: ({ id, neverServed }) => empty(Promise.all([workloads.remove(id, neverServed ? 0 : undefined), jobs.cancel(id)])),
    runJob: (job: JobSpec): Promise<JobResult> => jobs.run(job),
    cpuTimes: ({ counted }) => Promise.resolve({ times: meter.times(counted) }),
    loads: ({ workloads: ids }) => {
      const known = ids.flatMap((id) => {
        const cpuMs = workloads.cpuMs(id);
        return cpuMs === undefined ? [] : [[id, cpuMs] as const];
      });
      return Promise.resolve({ cpuMs: Object.fromEntries(known) });
    },
    callScheduled: (call) => workloads.callScheduled(call),
    cancelJob: ({ id }) => empty(jobs.stop(id)),
    reconcile: async (desired) => {
      const isSurplus = surplusOf(desired);
      await jobs.retain((id) => !isSurplus(id));
      return { workloads: await workloads.reconcile(desired) };
    },
    observe: ({ of }) => {
      const isBeginning = of.kind === "next" && of.after === "";
      return Promise.resolve({ ...observation.answer(of, workloads.list()), jobs: isBeginning ? jobs.left : [] });
    },
    followLogs: async ({ tenant, project, app }) => {
      logs.follow(tenant, project, app);
      return {};
    },
    removeLogs: ({ tenant, project, app }) => empty(logs.removeApp(tenant, project, app)),
    doctor: async () => ({ checks: await checks() }),
  };
};
