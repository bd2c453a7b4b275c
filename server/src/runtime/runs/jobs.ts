// Commands that run once in a release's artifact, with its variables: release commands, and those that somebody asks for. What has
// begun is not begun again.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { JobResult, JobSpec } from "@slipstream/contract/ports/host.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import type { RanOnce, RunOnce } from "@slipstream/contract/ports/sandbox.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { uptimeMs } from "#platform/clock.ts";
import { argumentsOf } from "#platform/command.ts";
import type { Home } from "#platform/home.ts";
import { openImage } from "#platform/oci/image.ts";
import { redactorOf } from "#platform/redact.ts";
import { environmentOf } from "../instances/environment.ts";
import { InstanceLog, secretsOf } from "../instances/instance-log.ts";
import { isRun, type JobRecord, type JobRecords } from "./job-records.ts";
import { LastLines } from "./last-lines.ts";
import type { SandboxRunner } from "./runner.ts";

export interface JobGround {
  home: Home;
  logs: LogWriter;
  runner: SandboxRunner;
  records: JobRecords;
  defaultSandbox: () => SandboxKind;
}

/** It is not run again: it may have done its work. */
const lostWords = "The command was ended, because what looked after it was killed: it may have done its work, or a part of it.";

/** What came of a command that somebody asked for is known for so long: who lost the answer asks again within seconds. */
const keptMs = 60_000;

const cutShort: JobResult = { exitCode: 137, timedOut: false, outOfMemory: false, cancelled: true, lines: [], omitted: 0 };

export class Jobs {
  readonly #ground: JobGround;
  readonly #running = new Map<string, { cancel: AbortController; result: Promise<JobResult> }>();
  /** Those that an earlier host process started, until somebody asks for them. */
  readonly #adopted = new Map<string, JobRecord>();

  constructor(ground: JobGround) {
    this.#ground = ground;
  }

  /** Jobs of before that still run in a sandbox. */
  adopt(records: readonly JobRecord[]): void {
    for (const record of records) {
      this.#adopted.set(record.id, record);
      // A workload's is ended with it; of another nobody may ask again.
      if (isRun(record.id)) setTimeout(() => this.#adopted.has(record.id) && void this.stop(record.id), Math.max(0, record.untilUptimeMs - uptimeMs())).unref();
    }
  }

  /** Those of before that nobody has asked for yet. */
  get waiting(): JobRecord[] {
    return [...this.#adopted.values()];
  }

  /** Resolves when the command has ended, at once when it had before; asked again while it runs, it is joined. Rejects with `cancelled`. */
  run(job: JobSpec): Promise<JobResult> {
    const running = this.#running.get(job.id);
    if (running) return running.result;
    const known = this.#ground.records.find(job.id);
    if (known?.result) return Promise.resolve(known.result);
    // It had begun, and nothing of it is left: it may have done its work.
    if (known && isRun(job.id) && !this.#adopted.has(job.id)) return Promise.resolve(this.#keep(known, cutShort));
    this.#forgetOld();
    const cancel = new AbortController();
    const result = this.#run(job, cancel.signal);
    this.#running.set(job.id, { cancel, result });
    const done = (): void => void this.#running.delete(job.id);
    result.then(done, done);
    return result;
  }

  /** Ends the command and forgets it; resolves when nothing of it is left. */
  async cancel(id: string): Promise<void> {
    await this.#end(id);
    this.#ground.records.forget(id);
  }

  /** Ends a command that somebody asked for. That it had begun is remembered, so that it is not run once more. */
  async stop(id: string): Promise<void> {
    if (!isRun(id)) return this.cancel(id);
    const adopted = this.#adopted.get(id);
    await this.#end(id);
    if (adopted) this.#keep(adopted, cutShort);
  }

  /** Commands of workloads that are not under way: their workloads may be gone. */
  get left(): string[] {
    return this.#ground.records.all().flatMap(({ id }) => (this.#running.has(id) || isRun(id) ? [] : [id]));
  }

  /** Ends and forgets what belongs to no workload any more and that nobody has asked for. */
  async retain(isWanted: (workload: string) => boolean): Promise<void> {
    await Promise.all(this.left.filter((id) => !isWanted(id)).map((id) => this.cancel(id)));
    this.#forgetOld();
  }

  /** Commands that somebody asked for belong to no workload: they go some time after their end. */
  #forgetOld(): void {
    const old = this.#ground.records.all().filter(({ id, untilUptimeMs }) => isRun(id) && !this.#running.has(id) && uptimeMs() > untilUptimeMs + keptMs);
    for (const { id } of old) void this.cancel(id);
  }

  async #end(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.cancel.abort();
    await running?.result.catch(() => {});
    const adopted = this.#adopted.get(id);
    this.#adopted.delete(id);
    if (adopted) await this.#ground.runner.end(adopted);
  }

  #keep(record: JobRecord, result: JobResult): JobResult {
    this.#ground.records.save({ ...record, ...(isRun(record.id) ? { untilUptimeMs: uptimeMs() } : {}), result });
    return result;
  }

  async #run(job: JobSpec, signal: AbortSignal): Promise<JobResult> {
    const { id, workload } = job;
    const redact = redactorOf(secretsOf(workload));
    const log = new InstanceLog(this.#ground.logs, workload, isRun(id) ? id : "", redact);
    const last = new LastLines({ lines: limit("runLines"), bytes: limit("runBytes") });
    const onLine: RunOnce["onLine"] = (stream, text) => {
      last.add({ stream, text });
      log.take({ time: new Date().toISOString(), stream, text });
    };
    const run = { ...(await this.#runOf(job)), signal, onLine, onDenied: (text: string) => log.say(text) };
    const { exitCode, timedOut, outOfMemory, cancelled, lost } = await this.#runOrResume(job, run);
    if (cancelled && !isRun(id)) throw new SlipError("cancelled", "The command was ended before it was done.");
    if (lost) {
      log.say(lostWords);
      last.add({ stream: "stderr", text: lostWords });
    }
    // They were kept as they came: what more lines follow need not be cleared of secrets twice.
    const lines = last.lines.map(({ stream, text }) => ({ stream, text: redact(text) }));
    const result = { exitCode, timedOut, outOfMemory, cancelled, lines, omitted: last.omitted };
    const record = this.#ground.records.find(id);
    if (record) this.#keep(record, result);
    return result;
  }

  #runOrResume({ id, timeoutMs }: JobSpec, run: RunOnce & { sandbox: SandboxKind }): Promise<RanOnce> {
    const { runner, records } = this.#ground;
    const adopted = this.#adopted.get(id);
    this.#adopted.delete(id);
    if (adopted) return runner.resume(adopted, { ...run, timeoutMs: Math.max(1, adopted.untilUptimeMs - uptimeMs()) });
    const { sandbox } = run;
    return runner.run(run, (slot) => records.save({ id, slot, sandbox, untilUptimeMs: uptimeMs() + timeoutMs }));
  }

  async #runOf({ id, workload, command, timeoutMs, account }: JobSpec): Promise<Omit<RunOnce, "signal" | "onLine"> & { sandbox: SandboxKind }> {
    const image = await openImage(this.#ground.home, workload.artifact);
    const { cpus, memoryBytes } = workload;
    return {
      id,
      sandbox: workload.sandbox ?? this.#ground.defaultSandbox(),
      layers: image.layers,
      overlay: undefined,
      mounts: [],
      args: argumentsOf(command),
      env: environmentOf(workload, image, ""),
      cwd: image.config.cwd,
      limits: { memoryBytes, cpus, pids: limit("pids"), tmpBytes: limit("tmpBytes"), openFiles: limit("openFiles") },
      timeoutMs,
      account,
    };
  }
}
