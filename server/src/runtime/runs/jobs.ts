// Commands that run once in a release's artifact, with its variables: release commands.
import { limit } from "@slipstream/contract/limits.ts";
import type { JobResult, JobSpec } from "@slipstream/contract/ports/host.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import type { Runner } from "@slipstream/contract/ports/sandbox.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { argumentsOf } from "#platform/command.ts";
import type { Home } from "#platform/home.ts";
import { openImage } from "#platform/oci/image.ts";
import { environmentOf } from "../instances/environment.ts";
import { InstanceLog } from "../instances/instance-log.ts";

export class Jobs {
  readonly #home: Home;
  readonly #logs: LogWriter;
  readonly #runner: Runner;
  readonly #defaultSandbox: () => SandboxKind;
  readonly #running = new Map<string, { cancel: AbortController; result: Promise<JobResult> }>();

  constructor(home: Home, logs: LogWriter, runner: Runner, defaultSandbox: () => SandboxKind) {
    this.#home = home;
    this.#logs = logs;
    this.#runner = runner;
    this.#defaultSandbox = defaultSandbox;
  }

  /** Resolves when the command has ended; asked again while it runs, it is joined. */
  run(job: JobSpec): Promise<JobResult> {
    const running = this.#running.get(job.id);
    if (running) return running.result;
    const cancel = new AbortController();
    const result = this.#run(job, cancel.signal);
    this.#running.set(job.id, { cancel, result });
    const done = (): void => void this.#running.delete(job.id);
    result.then(done, done);
    return result;
  }

  /** Ends the command; resolves when nothing of it is left. */
  async cancel(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.cancel.abort();
    await running?.result.catch(() => {});
  }

  async #run({ id, workload, command, timeoutMs }: JobSpec, signal: AbortSignal): Promise<JobResult> {
    const image = await openImage(this.#home, workload.artifact);
    const log = new InstanceLog(this.#logs, workload, "");
    const { cpus, memoryBytes } = workload;
    const ran = await this.#runner({
      id,
      sandbox: workload.sandbox ?? this.#defaultSandbox(),
      layers: image.layers,
      overlay: undefined,
      mounts: [],
      args: argumentsOf(command),
      env: environmentOf(workload, image, ""),
      cwd: image.config.cwd,
      limits: { memoryBytes, cpus, pids: limit("pids"), tmpBytes: limit("tmpBytes"), openFiles: limit("openFiles") },
      timeoutMs,
      signal,
      onLine: (stream, text) => log.take({ time: new Date().toISOString(), stream, text }),
    });
    const { exitCode, timedOut, outOfMemory } = ran;
    return { exitCode, timedOut, outOfMemory, lastLines: [...log.lastLines] };
  }
}
