// What is remembered of a process of functions, and of each function in it, for the host process that comes after this one.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GrantId, InstanceId, SandboxKind } from "@slipstream/contract/words.ts";
import { z } from "zod";

export const ProcessRecord = z.object({
  id: InstanceId,
  slot: z.int(),
  sandbox: SandboxKind,
  /** Functions with the same key may be in it. */
  key: z.string(),
  secret: z.string(),
  /** Unpacked layers that hold workerd. */
  layers: z.array(z.string()),
  /** Of each function. */
  memoryBytes: z.number(),
  cpus: z.number(),
  account: GrantId.optional(),
});
export type ProcessRecord = z.infer<typeof ProcessRecord>;

/** How a function is loaded, again too. */
export const FunctionRecord = z.object({ layers: z.array(z.string()), env: z.record(z.string(), z.string()), mark: z.string() });
export type FunctionRecord = z.infer<typeof FunctionRecord>;

const readJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
};

/** Both lie where a sandbox has its own folder and exit code, as to who looks from outside they are such. */
export class IsolateRecords {
  readonly #bundles: string;
  readonly #exits: string;

  constructor(folders: { bundles: string; exits: string }) {
    this.#bundles = folders.bundles;
    this.#exits = folders.exits;
  }

  process(id: string): ProcessRecord | undefined {
    return ProcessRecord.safeParse(readJson(this.#processFile(id))).data;
  }
  saveProcess(record: ProcessRecord): void {
    this.#save(record.id, this.#processFile(record.id), record);
  }

  /** Of an instance, as all that follows. */
  function(id: string): FunctionRecord | undefined {
    return FunctionRecord.safeParse(readJson(this.#functionFile(id))).data;
  }
  saveFunction(id: string, record: FunctionRecord): void {
    this.#save(id, this.#functionFile(id), record);
  }

  /** Undefined while it has not ended. */
  exitCode(id: string): number | undefined {
    return existsSync(this.#exitFile(id)) ? Number(readFileSync(this.#exitFile(id), "utf8")) : undefined;
  }
  saveExit(id: string, exitCode: number): void {
    writeFileSync(this.#exitFile(id), `${exitCode}`);
  }
  forgetExit(id: string): void {
    rmSync(this.#exitFile(id), { force: true });
  }

  remove(id: string): void {
    this.forgetExit(id);
    rmSync(join(this.#bundles, id), { recursive: true, force: true });
  }

  #save(id: string, path: string, record: unknown): void {
    mkdirSync(join(this.#bundles, id), { recursive: true, mode: 0o711 });
    writeFileSync(path, JSON.stringify(record), { mode: 0o600 });
  }
  #processFile(id: string): string {
    return join(this.#bundles, id, "process.json");
  }
  #functionFile(id: string): string {
    return join(this.#bundles, id, "function.json");
  }
  #exitFile(id: string): string {
    return join(this.#exits, id);
  }
}
