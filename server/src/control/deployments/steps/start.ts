// Phases "start", "health" and "release-command": instances of the release that answer, not yet asked by anybody.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { JobResult, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import { durationText, sizeText } from "#platform/diagnosis/amounts.ts";
import { detailsOf, diagnose } from "#platform/diagnosis/diagnosis.ts";
import { moreMemory } from "#platform/diagnosis/memory-signs.ts";
import { appOf } from "../../apps/app-store.ts";
import type { Control } from "../../control.ts";
import { openSecrets } from "../../secrets/secret-store.ts";
import { startingInstances } from "../../workloads/scaling.ts";
import { workloadSpec } from "../../workloads/workload.ts";
import { builtBy, type DesiredRow, saveTargets, targetsOf, wantWorkload } from "../../workloads/workload-store.ts";
import { tagsOf } from "../deployment.ts";
import { saveFacts } from "../deployment-store.ts";
import { patiently } from "../patience.ts";
import type { Run } from "../run.ts";
import { releaseOfRun } from "./release.ts";
import { DeploymentFailed, type Step } from "./step.ts";

type SpecRow = Omit<DesiredRow, "releaseId" | "desire" | "targets" | "retiredAt">;

/** The workload as the host is to run it, with its secrets opened. */
export const specOf = async ({ database, sealing }: Pick<Control, "database" | "sealing">, row: SpecRow): Promise<WorkloadSpec> => {
  const secrets = await openSecrets(database, sealing, row, row.secretVersions);
  return workloadSpec({ id: row.id, tags: tagsOf(row), release: row, secrets, instances: row.instances, account: row.account, codeBy: row.codeBy });
};

/** So many lines tell a person why it failed. */
const evidenceLines = 40;

const releaseCommandFailure = ({ timedOut, outOfMemory, exitCode, lines }: JobResult, { tags, memoryBytes, env }: WorkloadSpec): SlipError => {
  const lastLines = lines.slice(-evidenceLines).map(({ text }) => text);
  const around = { app: tags.app, during: "run", memoryBytes, variables: Object.keys(env) } as const;
  const fail = (how: string, details: SlipError["details"]): SlipError =>
    new SlipError("release_command_failed", `The release command ${how}.`, { evidence: lastLines, ...details });
  if (timedOut) return fail(`took longer than its ${durationText(limit("releaseCommandMs"))}`, {});
  if (outOfMemory) return fail(`needed more memory than its ${sizeText(memoryBytes)}`, { next: moreMemory(around) });
  return fail(`ended with exit code ${exitCode}`, detailsOf(diagnose(lastLines, around)));
};

const runReleaseCommand = async (run: Run, spec: WorkloadSpec, command: string | string[]): Promise<void> => {
  const { control, row, signal } = run;
  run.enter("release-command");
  const stop = (): void => void control.host.cancelJob({ id: row.id }).catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  const { account } = spec;
  const job = { id: row.id, workload: spec, command, timeoutMs: limit("releaseCommandMs"), ...(account === undefined ? {} : { account }) };
  const result = await patiently(signal, () => control.host.runJob(job, { signal })).finally(() => signal.removeEventListener("abort", stop));
  signal.throwIfAborted();
  if (result.exitCode === 0 && !result.timedOut) return;
  throw releaseCommandFailure(result, spec);
};

/** Writes down that the instances are wanted, then starts them. */
export const startWorkload: Step = async (run) => {
  const { control, row, signal } = run;
  run.enter("start");
  const { host, progress: database } = control;
  const [release, app] = await Promise.all([releaseOfRun(run), appOf(database, row.appId)]);
  if (!app) throw new SlipError("internal", "The app is not there.");
  const instances = startingInstances({ asked: row.request.instances, app, config: release.config });
  run.learn({ workload: row.id });
  const { id, appId, tenant, project, grantId: account } = run.row;
  const [spec] = await Promise.all([
    builtBy(database, release).then((codeBy) => specOf(control, { ...release, id, appId, tenant, project, app: run.row.app, instances, account, codeBy })),
    wantWorkload(database, { id, appId, releaseId: release.id, instances }),
  ]);
  const [result] = await Promise.all([patiently(signal, () => host.ensure(spec, { signal })), saveFacts(database, id, { workload: id })]);
  if (result.outcome === "failed") throw new DeploymentFailed(result.failure);
  const { start, health } = result.timings;
  run.measured([
    { name: "start", ms: start },
    { name: "health", ms: health },
  ]);
  await saveTargets(database, row.id, targetsOf(result.workload));
  const command = row.kind === "deploy" ? release.config.run?.release_command : undefined;
  if (command !== undefined) await runReleaseCommand(run, spec, command);
};
