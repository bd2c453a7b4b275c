// What is remembered of a job, on the tmpfs, so that it runs once: also when the host process or who asked for it is killed meanwhile.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { JobResult, JobSpec } from "@slipstream/contract/ports/host.ts";
import { RunId, SandboxKind } from "@slipstream/contract/words.ts";
import { z } from "zod";

const JobId = JobSpec.shape.id;
/** Whether it is a command that somebody asked for, and not the release command of a workload. */
export const isRun = (id: string): boolean => RunId.safeParse(id).success;

export const JobRecord = z.object({
  id: JobId,
  slot: z.int(),
  sandbox: SandboxKind,
  /**
   * The machine's uptime when its time is over, or that of the record: the clock may be set, and the records go with the tmpfs.
   */
  untilUptimeMs: z.number(),
  /** Absent while it runs. */
  result: JobResult.optional(),
});
export type JobRecord = z.infer<typeof JobRecord>;

export class JobRecords {
  readonly #folder: string;
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  save(record: JobRecord): void {
    const path = this.#path(record.id);
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  forget(id: string): void {
    if (JobId.safeParse(id).success) rmSync(this.#path(id), { force: true });
  }

  find(id: string): JobRecord | undefined {
    return JobId.safeParse(id).success ? this.#read(this.#path(id)) : undefined;
  }

  all(): JobRecord[] {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => this.#read(join(this.#folder, name)) ?? []);
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  #read(path: string): JobRecord | undefined {
    try {
      return JobRecord.parse(JSON.parse(readFileSync(path, "utf8")));
    } catch {
      return undefined;
    }
  }
}
