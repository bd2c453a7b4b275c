// Runs one step of a plan in a sandbox. Its lines go to the build's log; how it ended becomes nothing, or an error of the catalogue.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type ErrorCode, SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { BuildStep } from "@slipstream/contract/ports/buildpack.ts";
import type { RanOnce } from "@slipstream/contract/ports/sandbox.ts";
import { argumentsOf } from "#platform/command.ts";
import { durationText, sizeText } from "#platform/diagnosis/amounts.ts";
import { detailsOf, diagnose } from "#platform/diagnosis/diagnosis.ts";
import { moreMemory } from "#platform/diagnosis/memory-signs.ts";
import type { BuildContext } from "./context.ts";
import { type DiskBounds, withinDisk } from "./disk-guard.ts";
import { appDownloads } from "./downloads.ts";
import { placeOf } from "./image-process.ts";
import { certificateBundle } from "./toolchains/base.ts";
import { prepareScratch, prepareSecrets } from "./workspace.ts";

export interface StepRun {
  step: BuildStep;
  /** Unpacked folders, lowest first. */
  layers: readonly string[];
  overlay: { upper: string; work: string };
}

/** Every program that talks TLS has its own name for the file of authorities; only builds are told, apps decide themselves. */
const certificateVariables = [
  "SSL_CERT_FILE",
  "NODE_EXTRA_CA_CERTS",
  "PIP_CERT",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "npm_config_cafile",
];

const environmentOf = ({ spec }: BuildContext, step: BuildStep): Record<string, string> => ({
  PATH: placeOf(step.folder).path,
  LANG: "C.UTF-8",
  HOME: "/scratch/home",
  TMPDIR: "/scratch/tmp",
  CI: "true",
  NO_COLOR: "1",
  ...(existsSync(certificateBundle) ? Object.fromEntries(certificateVariables.map((name) => [name, certificateBundle])) : {}),
  ...step.env,
  ...spec.config.build?.env,
  ...spec.secrets,
});

export const memoryOf = ({ spec }: BuildContext): number => spec.config.build?.memory ?? limit("buildMemoryBytes");
const timeOf = ({ spec }: BuildContext): number => spec.config.build?.timeout ?? limit("buildMs");

const failed = (code: ErrorCode, summary: string, context: BuildContext, step: BuildStep): SlipError => {
  const evidence = context.log.last();
  const { spec } = context;
  const found = diagnose(evidence, {
    app: spec.tags.app,
    during: step.failure === "install_failed" ? "install" : "build",
    memoryBytes: memoryOf(context),
    variables: Object.keys(environmentOf(context, step)),
  });
  // How the platform ended a step is known; only where it ended by itself do its words say why.
  if (code === step.failure) return new SlipError(found.code ?? code, summary, { evidence, ...detailsOf(found) });
  return new SlipError(code, summary, { evidence, ...found.place });
};

const withNext = (error: SlipError, next: string): SlipError => new SlipError(error.code, error.message, { ...error.details, next });

/** The machine, not the program, is at fault: the build is to be done again, from its start. */
export class StepLost extends Error {}

const judge = (ran: RanOnce, context: BuildContext, step: BuildStep): void => {
  if (ran.cancelled) throw new SlipError("cancelled");
  if (ran.lost) throw new StepLost(`'${step.name}' was lost.`);
  if (ran.timedOut) {
    const error = failed("build_timeout", `'${step.name}' was ended: the build took longer than its ${durationText(timeOf(context))}.`, context, step);
    throw withNext(error, `Set [build] timeout = "${durationText(timeOf(context) * 2)}" in slip.toml, or let the build do less.`);
  }
  if (ran.outOfMemory) {
    const summary = `'${step.name}' was ended: it needed more memory than the ${sizeText(memoryOf(context))} of the build.`;
    throw withNext(failed("build_out_of_memory", summary, context, step), moreMemory({ during: "build", memoryBytes: memoryOf(context) }));
  }
  if (ran.exitCode !== 0) throw failed(step.failure, `'${step.name}' ended with ${ran.exitCode}.`, context, step);
};

/** Waits for the build's turn. Throws the step's failure, build_timeout, build_out_of_memory or cancelled. */
export const runStep = (context: BuildContext, run: StepRun): Promise<void> => context.inTurn(() => runNow(context, run));

const boundsOf = (context: BuildContext, downloads: string, run: StepRun): DiskBounds => ({
  folders: [run.overlay.upper, context.workspace.scratch, downloads],
  maxBytes: limit("buildDiskBytes"),
  maxFiles: limit("buildFiles"),
  excess: (what) => failed("build_disk_full", `'${run.step.name}' was ended: the build holds ${what} on the disk.`, context, run.step),
});

const runNow = async (context: BuildContext, run: StepRun): Promise<void> => {
  const { dependencies, spec, workspace } = context;
  const { step, layers, overlay } = run;
  if (context.signal.aborted) throw new SlipError("cancelled");
  await prepareScratch(workspace, dependencies.uids.app);
  await prepareSecrets(workspace, spec.secrets, dependencies.uids.app);
  const downloads = await appDownloads(dependencies.home, spec.tags, dependencies.uids.app);
  const started = performance.now();
  const act = (signal: AbortSignal): Promise<RanOnce> =>
    dependencies.runner({
      id: `${spec.id}-${step.failure === "install_failed" ? "install" : "build"}`,
      sandbox: undefined,
      account: spec.account,
      layers,
      overlay,
      mounts: [
        { source: downloads, destination: "/cache", readOnly: false },
        { source: workspace.scratch, destination: "/scratch", readOnly: false },
        { source: workspace.secrets, destination: "/run/secrets", readOnly: true },
      ],
      args: argumentsOf(step.command),
      env: environmentOf(context, step),
      cwd: placeOf(step.folder).cwd,
      // One user for all builds: apps whose dependencies are the same bytes share their folder, where a build step may write.
      uid: dependencies.uids.app,
      limits: {
        memoryBytes: memoryOf(context),
        cpus: Math.max(1, availableParallelism() * 0.75),
        pids: limit("buildPids"),
        tmpBytes: limit("buildTmpBytes"),
        openFiles: limit("openFiles"),
      },
      timeoutMs: Math.max(1, Math.round(context.remainingMs)),
      signal,
      onLine: context.log.write,
      onDenied: context.log.say,
    });
  const ran = await withinDisk(boundsOf(context, downloads, run), context.signal, act);
  const ms = performance.now() - started;
  context.remainingMs -= ms;
  judge(ran, context, step);
  context.steps.push({ name: step.name, ms, reused: false });
};
