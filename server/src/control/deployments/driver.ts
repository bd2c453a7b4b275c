// Does the work of apps in this process: one piece at a time per app, and none twice at once. Restate sees to both between its
// invocations; but this process begins before Restate asks, and Restate, when it dies or loses its folder, may ask again for what this
// process is still doing.
import type { Control } from "../control.ts";
import type { DeploymentRow } from "./deployment.ts";
import { doStep, type NamedStep, type StepOutcome } from "./deployment-workflow.ts";
import { Turns } from "./turns.ts";

export class Driver {
  readonly #turns = new Turns();
  readonly #doStep: typeof doStep;
  /** Of each deployment that has not ended, the steps that this process does or has done, by name. */
  readonly #steps = new Map<string, Map<string, Promise<StepOutcome>>>();

  constructor(act: typeof doStep = doStep) {
    this.#doStep = act;
  }

  /** Does a step of a deployment, or joins it where it is under way or done. Rejects only when PostgreSQL is away: then it can be asked again. */
  step(control: Control, { id, appId }: { id: string; appId: string }, step: NamedStep): Promise<StepOutcome> {
    return this.#steps.get(id)?.get(step.name) ?? this.#keep(id, step, () => this.#turns.take(appId, () => this.#doStep(control, id, step)));
  }

  /** Does the steps of a deployment that has begun, as one piece of work of its app: nothing comes between. Rejects as `step` does. */
  all(control: Control, begun: DeploymentRow, steps: readonly NamedStep[]): Promise<void> {
    return this.#turns.take(begun.appId, async () => {
      for (const [index, step] of steps.entries()) {
        const outcome = await this.#keep(begun.id, step, () => this.#doStep(control, begun.id, step, index === 0 ? begun : undefined));
        if (outcome === "ended") return;
      }
    });
  }

  #keep(id: string, step: NamedStep, act: () => Promise<StepOutcome>): Promise<StepOutcome> {
    const steps = this.#steps.get(id) ?? new Map<string, Promise<StepOutcome>>();
    const done = act();
    this.#steps.set(id, steps.set(step.name, done));
    done.then(
      (outcome) => outcome === "ended" && this.#steps.delete(id),
      () => steps.delete(step.name),
    );
    return done;
  }

  /** Whether nothing of the app is done or waits here. */
  isIdle(appId: string): boolean {
    return this.#turns.isIdle(appId);
  }

  /** Other work that changes what the app runs. */
  take<T>(appId: string, act: () => Promise<T>): Promise<T> {
    return this.#turns.take(appId, act);
  }
}
