// What control asks of the host process of a machine: builds (Executor port) and workloads (Runtime port).
// HTTP with JSON over the Unix socket run/host.sock; errors are bodies of the catalogue. Every call is idempotent.
import { z } from "zod";
import { Command, ParsedAppConfig } from "../config.ts";
import { LogTags } from "../logs.ts";
import { SourcePath } from "../source-path.ts";
import { DeploymentId, Digest, FailureReport, GrantId, InstanceId, RunId, SandboxKind } from "../words.ts";
import { inspectionCalls } from "./inspection.ts";
import { followLogs, removeLogs } from "./log-store.ts";
import { ScheduledCall, ScheduledResult } from "./scheduled.ts";

/**
 * What the CPU time of a sandbox is counted for: the grant of whoever asked for what runs in it. Absent: it is not counted.
 */
const account = GrantId.optional();

// ── builds ──────────────────────────────────────────────────────────────────

/** `tenant`'s tree `source` (already in the source store) becomes an artifact. `id` names the build: asked again, it is joined. */
export const BuildSpec = z.object({
  id: z.string(),
  tags: LogTags,
  source: Digest,
  config: ParsedAppConfig,
  /** Secrets that the build may read: mounted as files under /run/secrets and given as variables, never in a layer. */
  secrets: z.record(z.string(), z.string()),
  account,
});
export type BuildSpec = z.infer<typeof BuildSpec>;

/** Part of what names a build: raised when the same source is to be built anew because the builder makes something else of it. */
export const builderVersion = 10;

/** What the build has noticed of the source, without secrets. */
const notes = z.array(z.string());

export const BuildResult = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("built"),
    /** Digest of the image manifest in the OCI layout. */
    artifact: Digest,
    buildpack: z.string(),
    sizeBytes: z.number(),
    /** Steps that ran or were reused, for people: "install npm ci (reused)". */
    steps: z.array(z.object({ name: z.string(), ms: z.number(), reused: z.boolean() })),
    notes,
  }),
  z.object({ outcome: z.literal("failed"), failure: FailureReport, notes }),
  z.object({ outcome: z.literal("cancelled") }),
]);
export type BuildResult = z.infer<typeof BuildResult>;

/** Fetch of a git source into the source store of `tenant`. The token goes to git by its credential protocol only. */
export const GitFetch = z.object({
  id: z.string(),
  tenant: z.string(),
  tags: LogTags,
  url: z.string(),
  ref: z.string().optional(),
  subfolder: z.string().optional(),
  token: z.string().optional(),
});
export type GitFetch = z.infer<typeof GitFetch>;
/** `package` where the subfolder is one of a workspace, which is the source then. */
export const GitFetched = z.object({ source: Digest, commit: z.string(), package: SourcePath.optional() });
export type GitFetched = z.infer<typeof GitFetched>;

/** `package`: of a workspace, the folder of the package that is the app. */
export const SourceWanted = z.object({ id: z.string(), tenant: z.string(), source: Digest, package: SourcePath.optional() });

/** slip.toml of a stored source, parsed; `name` is the folder that a name can be made of. Error: invalid_config with file and line. */
export const SourceConfig = z.object({ config: ParsedAppConfig });
export type SourceConfig = z.infer<typeof SourceConfig>;

// ── workloads ───────────────────────────────────────────────────────────────

export const HealthCheck = z.object({
  /** Without a path any HTTP answer below 500 to GET / is healthy; with one the status must be 200–399. */
  path: z.string().optional(),
  /** It is asked in HTTP/2, without TLS. */
  http2: z.literal(true).optional(),
  timeoutMs: z.number(),
  startMs: z.number(),
});
export type HealthCheck = z.infer<typeof HealthCheck>;

/** Instances that nobody uses are frozen after `afterMs`, and ended when they were frozen for `stopMs`. The next request wakes them. */
export const Sleep = z.object({ afterMs: z.number(), stopMs: z.number() });
export type Sleep = z.infer<typeof Sleep>;

/** A release as it should run here. `id` is the deployment that asked for it: each deployment has instances of its own. */
export const WorkloadSpec = z.object({
  id: DeploymentId,
  tags: LogTags,
  release: z.number().int().positive(),
  artifact: Digest,
  /** In place of the artifact's own command. */
  command: Command.optional(),
  port: z.number().int(),
  instances: z.number().int().min(0),
  /** Variables and opened secrets together. */
  env: z.record(z.string(), z.string()),
  /** Names in `env` whose values are secret: their values never reach a log. */
  secretNames: z.array(z.string()),
  sandbox: SandboxKind.optional(),
  memoryBytes: z.number(),
  cpus: z.number(),
  health: HealthCheck,
  /** Absent: it never sleeps. */
  sleep: Sleep.optional(),
  account,
  /** With which grant its code was asked to be built, where that is not `account`: a person has started again, or gone back to, what somebody else made. */
  codeBy: GrantId.optional(),
});
export type WorkloadSpec = z.infer<typeof WorkloadSpec>;

/** What is asked of a workload: to serve, or to be frozen in memory. A workload that nobody asks for is removed. */
export const WorkloadDesire = z.enum(["running", "parked"]);
export type WorkloadDesire = z.infer<typeof WorkloadDesire>;

export const Instance = z.object({
  instance: InstanceId,
  /** Where it answers, "10.1.2.3:3000", or that of a function (function-address.ts). It stays the same over restarts of the program. */
  address: z.string(),
  /** `asleep`: frozen until somebody asks for it. `stopped`: ended until then. */
  state: z.enum(["starting", "ready", "asleep", "stopped", "parked", "backoff"]),
  sandbox: SandboxKind,
  restarts: z.number().int(),
});
export type Instance = z.infer<typeof Instance>;

export const Workload = z.object({ id: DeploymentId, desire: WorkloadDesire, release: z.number().int(), artifact: Digest, instances: z.array(Instance) });
export type Workload = z.infer<typeof Workload>;

/** `timings` in milliseconds: `start` until the processes run, `health` until all instances answered. */
export const EnsureResult = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("ready"), workload: Workload, timings: z.object({ start: z.number(), health: z.number() }) }),
  z.object({ outcome: z.literal("failed"), failure: FailureReport }),
]);
export type EnsureResult = z.infer<typeof EnsureResult>;

/** A line that a program wrote, without secrets. */
export const OutputText = z.object({ stream: z.enum(["stdout", "stderr"]), text: z.string() });
export type OutputText = z.infer<typeof OutputText>;

/**
 * A command that runs once in the release's artifact, with its variables, and ends: the release command, whose id is that of the
 * workload, or one that somebody asked for, with an id of its own. Asked again it is joined, and never begun anew once it has begun.
 */
export const JobSpec = z.object({ id: z.union([DeploymentId, RunId]), workload: WorkloadSpec, command: Command, timeoutMs: z.number(), account });
export type JobSpec = z.infer<typeof JobSpec>;
export const JobResult = z.object({
  exitCode: z.number().int(),
  timedOut: z.boolean(),
  outOfMemory: z.boolean(),
  /** It was ended by `cancelJob`, or with the host process. Never of a release command, whose call rejects then. */
  cancelled: z.boolean(),
  /** The last lines, and how many there were before those. */
  lines: z.array(OutputText),
  omitted: z.number().int(),
});
export type JobResult = z.infer<typeof JobResult>;

/** CPU time that a sandbox has used in all. `sandbox` names one life of it: a program that is started again has another name. */
export const CpuTime = z.object({ sandbox: z.string(), account: GrantId, ms: z.number() });
export type CpuTime = z.infer<typeof CpuTime>;

/** What should be here: what is missing is started, and what is `unwanted` removed. Without that, everything that is not in the list. */
export const DesiredState = z.object({
  workloads: z.array(z.object({ spec: WorkloadSpec, desire: WorkloadDesire })),
  unwanted: z.array(DeploymentId).optional(),
});
export type DesiredState = z.infer<typeof DesiredState>;

/** Where a host process is in its account of changes; another process keeps another one. */
export const HostMark = z.object({ host: z.string(), change: z.number().int().nonnegative() });
export type HostMark = z.infer<typeof HostMark>;

/** What is asked of the workloads that are here: these, the next ones by their ids up to one, or those that changed since a mark. */
export const Observe = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("these"), ids: z.array(DeploymentId) }),
  z.object({ kind: z.literal("next"), after: z.string(), upTo: z.string().optional() }),
  z.object({ kind: z.literal("changed"), since: HostMark }),
]);
export type Observe = z.infer<typeof Observe>;

/** `mark`: what changes later is after it. `changed` holds what is gone as well; undefined where it was not asked for or is not known. */
export const Observed = z.object({
  mark: HostMark,
  workloads: z.array(Workload),
  changed: z.array(DeploymentId).optional(),
  /** Commands whose workload may be gone, where the first workloads of all were asked for. */
  jobs: z.array(DeploymentId),
});
export type Observed = z.infer<typeof Observed>;

/** Artifacts that a kept release needs: all others, and layers and blobs that none of these names, are deleted. */
export const Collect = z.object({
  artifacts: z.array(Digest),
  sources: z.array(z.object({ tenant: z.string(), source: Digest })),
  /** The disk is low: what only makes later builds faster is garbage too. */
  low: z.boolean().optional(),
});
export type Collect = z.infer<typeof Collect>;
export const Collected = z.object({ removed: z.number().int(), freedBytes: z.number() });
export type Collected = z.infer<typeof Collected>;

/** One thing that `slip doctor` looks at. `fix` is the command that mends it. */
export const Check = z.object({ name: z.string(), state: z.enum(["ok", "warning", "failed"]), detail: z.string(), fix: z.string().optional() });
export type Check = z.infer<typeof Check>;
export const HostStatus = z.object({
  sandboxes: z.array(z.object({ kind: SandboxKind, works: z.boolean(), detail: z.string() })),
  defaultSandbox: SandboxKind,
  workloads: z.array(Workload),
  builds: z.number().int(),
});
export type HostStatus = z.infer<typeof HostStatus>;

/** Method, path, input and output of each call; `:id` is the id of the input. A call waits until its result is known. */
export const hostCalls = {
  fetchGit: { method: "PUT", path: "/v1/sources/:id", input: GitFetch, output: GitFetched },
  readConfig: { method: "PUT", path: "/v1/configs/:id", input: SourceWanted, output: SourceConfig },
  build: { method: "PUT", path: "/v1/builds/:id", input: BuildSpec, output: BuildResult },
  cancelBuild: { method: "DELETE", path: "/v1/builds/:id", input: z.object({ id: z.string() }), output: z.object({}) },
  ensure: { method: "PUT", path: "/v1/workloads/:id", input: WorkloadSpec, output: EnsureResult },
  park: { method: "POST", path: "/v1/workloads/:id/park", input: z.object({ id: z.string() }), output: z.object({}) },
  unpark: { method: "POST", path: "/v1/workloads/unpark", kept: true, input: z.object({ id: z.string() }), output: Workload },
  /** Why an instance of the workload, healthy before, has ended in the last `withinMs`; absent when none has. */
  crash: {
    method: "POST",
    path: "/v1/workloads/:id/crash",
    input: z.object({ id: z.string(), withinMs: z.number() }),
    output: z.object({ failure: FailureReport.optional() }),
  },
  /** `neverServed`: no request has come to it, so nothing is waited for. */
  remove: {
    method: "POST",
    path: "/v1/workloads/:id/remove",
    input: z.object({ id: z.string(), neverServed: z.boolean().optional() }),
    output: z.object({}),
  },
  /** Calls scheduled() of the function that a workload is, on one instance, which is woken for it. Asked again, it is joined. */
  callScheduled: { method: "POST", path: "/v1/workloads/:id/scheduled", input: ScheduledCall, output: ScheduledResult },
  runJob: { method: "PUT", path: "/v1/jobs/:id", input: JobSpec, output: JobResult },
  cancelJob: { method: "DELETE", path: "/v1/jobs/:id", input: z.object({ id: z.string() }), output: z.object({}) },
  /** Of every sandbox with an account: those that are there, and those that have ended, until they stand in `counted`. */
  cpuTimes: {
    method: "POST",
    path: "/v1/cpu-times",
    input: z.object({ counted: z.array(CpuTime) }),
    output: z.object({ times: z.array(CpuTime) }),
  },
  /** CPU time of the instances of workloads that are here, each workload's in all. A program that is started again begins anew. */
  loads: {
    method: "POST",
    path: "/v1/loads",
    input: z.object({ workloads: z.array(DeploymentId) }),
    output: z.object({ cpuMs: z.record(z.string(), z.number()) }),
  },
  reconcile: { method: "PUT", path: "/v1/desired", input: DesiredState, output: z.object({ workloads: z.array(Workload) }) },
  observe: { method: "POST", path: "/v1/observed", input: z.object({ of: Observe }), output: Observed },
  collect: { method: "POST", path: "/v1/collect", input: Collect, output: Collected },
  ...inspectionCalls,
  followLogs,
  removeLogs,
  status: { method: "GET", path: "/v1/status", input: z.object({}), output: HostStatus },
  doctor: { method: "GET", path: "/v1/doctor", input: z.object({}), output: z.object({ checks: z.array(Check) }) },
} as const;
