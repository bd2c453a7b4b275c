// A deployment while this process works on it: its phases with their times, and the signal that cancels it.
import type { Phase, PhaseName } from "@slipstream/contract/words.ts";
import { wallClock } from "#platform/clock.ts";
import type { Control } from "../control.ts";
import type { ReleaseRow } from "../releases/release.ts";
import { type DeploymentRow, toDeployment } from "./deployment.ts";
import { saveProgress } from "./deployment-store.ts";
import type { Prepared } from "./prepared.ts";

/** One that is gone through again, after control died, keeps its place. Pure. */
export const withPhase = (phases: Phase[], phase: Phase): Phase[] =>
  phases.some(({ name }) => name === phase.name) ? phases.map((it) => (it.name === phase.name ? phase : it)) : [...phases, phase];

/** Phases that pass quicker than this are not written one by one: those who watch here are told, and the end has them all. */
const unsavedMs = 25;

export class Run {
  readonly control: Control;
  readonly #abort = new AbortController();
  #row: DeploymentRow;
  #enteredAt = performance.now();
  /** The release that it makes live, once that is known. */
  release: ReleaseRow | undefined;
  /** Of a rollback: the release that it takes the place of. */
  replaced: ReleaseRow | undefined;
  /** Of a rollback that has just begun here. */
  prepared: Prepared | undefined;
  #saved: Promise<void> = Promise.resolve();
  #saveSoon: NodeJS.Timeout | undefined;

  constructor(control: Control, row: DeploymentRow) {
    this.control = control;
    this.#row = row;
    if (row.cancelRequestedAt !== null) this.#abort.abort();
  }

  get row(): DeploymentRow {
    return this.#row;
  }
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  get phase(): PhaseName {
    return this.#row.phase ?? this.#row.phases.at(-1)?.name ?? "queue";
  }

  cancel(): void {
    this.#abort.abort();
  }

  /** Takes in what was found out; what the database knows is written by the caller. */
  learn(facts: Partial<DeploymentRow>): void {
    this.#row = { ...this.#row, ...facts };
  }

  /** The phase that runs now; the one before it gets its time. */
  enter(phase: PhaseName): void {
    const phases = this.closed();
    this.#enteredAt = performance.now();
    this.#row = { ...this.#row, state: "running", phase, phases };
    this.#tell();
  }

  /** Ends the phase that runs with the times of one who knows better: it may have been several. */
  measured(measured: readonly Phase[]): void {
    const phases = measured.map(({ name, ms }) => ({ name, ms: Math.max(0, ms) }));
    this.#row = { ...this.#row, phase: null, phases: phases.reduce(withPhase, this.#row.phases) };
    this.#tell();
  }

  /** The phases with the running one as ended now. */
  closed(): Phase[] {
    const { phase, phases, createdAt } = this.#row;
    if (phase === null) return phases;
    const ms = phase === "queue" ? wallClock.ageMs(createdAt.getTime()) : performance.now() - this.#enteredAt;
    return withPhase(phases, { name: phase, ms: Math.max(0, Math.round(ms * 10) / 10) });
  }

  /** Resolves when no write of progress is under way or to come, so that none comes after what is written next. */
  settled(): Promise<void> {
    clearTimeout(this.#saveSoon);
    this.#saveSoon = undefined;
    return this.#saved;
  }

  #tell(): void {
    const { control } = this;
    this.#saveSoon ??= setTimeout(() => this.#save(), unsavedMs);
    control.changes.emit(this.#row.id, toDeployment(this.#row, control.installation));
  }

  /** Progress is for those who watch; a write that fails is made good by the next one. */
  #save(): void {
    const { control } = this;
    const row = this.#row;
    this.#saveSoon = undefined;
    this.#saved = this.#saved
      .then(() => saveProgress(control.progress, row.id, row.phase, row.phases))
      .catch((error: unknown) => control.log.warn("progress was not saved", { deployment: row.id, error: String(error) }));
  }
}

/** The deployments that this process works on. */
export class Runs {
  readonly #runs = new Map<string, Run>();

  /** The run of a deployment, made at the first call; a later one takes the row anew. */
  of(control: Control, row: DeploymentRow): Run {
    const run = this.#runs.get(row.id) ?? new Run(control, row);
    if (row.cancelRequestedAt !== null) run.cancel();
    this.#runs.set(row.id, run);
    return run;
  }
  cancel(id: string): void {
    this.#runs.get(id)?.cancel();
  }
  forget(id: string): void {
    this.#runs.delete(id);
  }
}
