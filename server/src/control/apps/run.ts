// A command that runs once in the live release of an app, beside its instances.
import { createHash } from "node:crypto";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { OutputOf, ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { JobResult, JobSpec, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import { idOf, newId } from "#platform/ids.ts";
import { redactorOf } from "#platform/redact.ts";
import type { Call } from "../api/call.ts";
import type { Control } from "../control.ts";
import { deploymentOf } from "../deployments/deployment-store.ts";
import { isUnreachable, patiently } from "../deployments/patience.ts";
import { specOf } from "../deployments/steps/start.ts";
import { journal } from "../journal/journal-store.ts";
import { desiredWorkloads } from "../workloads/workload-store.ts";
import { type AppRow, livingApp } from "./app-store.ts";

type Input = ParsedInputOf<"apps.run">;

/** The live release as its instances run. Throws `conflict` where there is none. */
const liveSpec = async (control: Control, app: AppRow) => {
  const live = app.liveDeployment === null ? undefined : await deploymentOf(control.database, app.liveDeployment);
  const [row] = live?.workload ? await desiredWorkloads(control.database, [live.workload]) : [];
  if (!live || !row) throw new SlipError("conflict", `The app ${app.name} has no live release to run a command in.`, { next: "Deploy it first." });
  return { spec: await specOf(control, row), deployment: live.id };
};

/** The same for the same key: a command that is asked for again, because its answer was lost, is joined and not run twice. */
const runId = ({ tenant, idempotencyKey: key }: Call): string =>
  key === undefined ? newId("run") : idOf("run", createHash("sha256").update(`${tenant}\n${key}`).digest());

const ended = (): SlipError =>
  new SlipError("cancelled", "The command was ended before it was done: it may have done a part of its work.", {
    next: "Look at the lines that it wrote with 'slip logs', then run it again.",
  });

/** Its result. Nobody waits for it any more when the signal aborts: then it is ended. */
const result = async ({ host }: Control, job: JobSpec, signal: AbortSignal): Promise<JobResult> => {
  const stop = (): void => void host.cancelJob({ id: job.id }).catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const done = await patiently(signal, () => host.runJob(job, { signal }), isUnreachable);
    if (done.cancelled) throw ended();
    return done;
  } catch (error) {
    throw signal.aborted ? ended() : error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
};

/** Of the command as it was written, what may be kept. */
const withoutSecrets = (command: Input["command"], secrets: readonly string[]): Input["command"] => {
  const redact = redactorOf(secrets);
  return typeof command === "string" ? redact(command) : command.map(redact);
};

/** What it would run, to be shown. Throws `conflict` where there is no live release. */
export const commandShown = async (control: Control, app: AppRow, command: Input["command"]): Promise<string> => {
  const { spec } = await liveSpec(control, app);
  const shown = withoutSecrets(command, secretsOf(spec));
  return typeof shown === "string" ? shown : shown.join(" ");
};

const secretsOf = ({ secretNames, env }: WorkloadSpec): string[] => secretNames.flatMap((secret) => env[secret] ?? []);

const accountOf = ({ token: { grantId } }: Call): Pick<JobSpec, "account"> => (grantId === null ? {} : { account: grantId });

const begin = ({ database }: Control, call: Call, app: AppRow, input: Record<string, unknown>): Promise<void> =>
  database.begin(async (query) => {
    await call.expects?.check(query, { app: app.id });
    await journal(query, call, { operation: "apps.run", app: app.name, input });
  });

/** `isJournaled`: it was begun before, by a call whose answer was lost. */
export const runInApp = async (control: Control, call: Call, asked: Input, isJournaled = call.claim?.isMade === true): Promise<OutputOf<"apps.run">> => {
  const { app: name, command, timeoutMs, lines } = asked;
  const app = await livingApp(control.database, call.tenant, name);
  const { spec, deployment } = await liveSpec(control, app);
  const id = runId(call);
  return control.commands.run({ tenant: call.tenant, appId: app.id }, call.signal, async (signal) => {
    // Before it is run: nobody can say afterwards how far one came that nobody has seen the end of.
    const input = { app: name, command: withoutSecrets(command, secretsOf(spec)), run: id };
    if (!isJournaled) await begin(control, call, app, input);
    const startedAt = performance.now();
    const done = await result(control, { id, workload: spec, command, timeoutMs, ...accountOf(call) }, signal);
    const { exitCode, timedOut, outOfMemory } = done;
    const ms = Math.round(performance.now() - startedAt);
    const told = lines === 0 ? [] : done.lines.slice(-lines);
    return { run: id, app: name, release: spec.release, deployment, exitCode, timedOut, outOfMemory, ms, lines: told, omitted: omittedOf(done, told.length) };
  });
};

const omittedOf = ({ lines, omitted }: JobResult, told: number): number => omitted + lines.length - told;
