// The builds under way: asked again by the same id, one is joined; cancelled, its work is ended.
import { totalmem } from "node:os";
import { SlipError } from "@slipstream/contract/errors.ts";
import { failureOf } from "@slipstream/contract/failure.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { BuildResult, BuildSpec } from "@slipstream/contract/ports/host.ts";
import { asDiskFull } from "#platform/disk-full.ts";
import { requireRoom } from "#platform/disk-room.ts";
import { Turns } from "#platform/turns.ts";
import { runBuild } from "./build.ts";
import { buildLogOf } from "./build-log.ts";
import type { BuildContext, BuildDependencies } from "./context.ts";
import { Leases } from "./leases.ts";
import { memoryOf, StepLost } from "./step.ts";
import { removeWorkspace, workspaceAt } from "./workspace.ts";

interface Underway {
  result: Promise<BuildResult>;
  cancel: AbortController;
}

/** Of a build whose programs are lost. */
const triesMax = 3;

export class Builds {
  readonly #dependencies: BuildDependencies;
  readonly #underway = new Map<string, Underway>();
  readonly #turns = new Turns(limit("buildsAtOnce"));
  readonly #memory = new Turns((totalmem() * limit("buildsMemoryPercent")) / 100);
  /** Digests that builds under way need, with the number of builds. */
  readonly leased = new Map<string, number>();

  constructor(dependencies: BuildDependencies) {
    this.#dependencies = dependencies;
  }

  get count(): number {
    return this.#underway.size;
  }

  get underway(): string[] {
    return [...this.#underway.keys()];
  }

  build(spec: BuildSpec): Promise<BuildResult> {
    const joined = this.#underway.get(spec.id);
    if (joined) return joined.result;
    const cancel = new AbortController();
    const result = this.#run(spec, cancel.signal).finally(() => this.#underway.delete(spec.id));
    this.#underway.set(spec.id, { result, cancel });
    return result;
  }

  /** Resolves when the build has ended, whatever its outcome. Unknown ids are fine. */
  async cancel(id: string): Promise<void> {
    const found = this.#underway.get(id);
    found?.cancel.abort(new SlipError("cancelled"));
    await found?.result.catch(() => {});
  }

  #contextOf(spec: BuildSpec, signal: AbortSignal): BuildContext {
    const { home, logs } = this.#dependencies;
    const context: BuildContext = {
      dependencies: this.#dependencies,
      spec,
      workspace: workspaceAt(home, spec.id),
      log: buildLogOf(logs, spec.tags, Object.values(spec.secrets)),
      leases: new Leases(this.leased),
      signal,
      remainingMs: spec.config.build?.timeout ?? limit("buildMs"),
      inTurn: (act) => this.#inTurn(context, act),
      steps: [],
    };
    return context;
  }

  /** A build that the machine has no memory for would take it from the others. Of several tenants, each has its share. */
  #inTurn<T>(context: BuildContext, act: () => Promise<T>): Promise<T> {
    const { signal, spec } = context;
    const waits = (ahead: number): void => context.log.note(`waits for its turn: ${ahead} ${ahead === 1 ? "build runs or waits" : "builds run or wait"}`);
    const turn = { of: spec.tags.tenant, signal, waits };
    return this.#turns.run(() => this.#memory.run(act, { ...turn, weight: memoryOf(context) }), turn);
  }

  /** What a lost step has written is half done: the next try has a workspace of its own. */
  async #untilNotLost(context: BuildContext): Promise<BuildResult> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await runBuild(context);
      } catch (error) {
        if (!(error instanceof StepLost) || tries === triesMax) throw error;
        context.log.note(`${error.message} The build begins again.`);
        await removeWorkspace(this.#dependencies.home, context.spec.id);
      }
    }
  }

  async #run(spec: BuildSpec, signal: AbortSignal): Promise<BuildResult> {
    const context = this.#contextOf(spec, signal);
    await removeWorkspace(this.#dependencies.home, spec.id);
    try {
      requireRoom(this.#dependencies.home);
      return await this.#untilNotLost(context);
    } catch (error) {
      if (error instanceof SlipError && error.code === "cancelled") return { outcome: "cancelled" };
      const known = asKnown(error);
      if (known === undefined) throw error;
      context.log.note(known.message);
      return { outcome: "failed", failure: failureOf("build", known, spec.tags.app), notes: context.log.notices() };
    } finally {
      await removeWorkspace(this.#dependencies.home, spec.id);
      context.leases.end();
    }
  }
}

const asKnown = (error: unknown): SlipError | undefined => {
  if (error instanceof SlipError) return error.code === "internal" ? undefined : error;
  return asDiskFull(error);
};
