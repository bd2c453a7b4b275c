// Drives deployments to their end. A new one begins at once; the invocation that Restate holds for it joins what is under way,
// and does what is left when this process died meanwhile.
import type { Control } from "../control.ts";
import { type OpenDeployment, olderOpen } from "./deployment-store.ts";
import { doStep, stepsOf } from "./deployment-workflow.ts";
import { submitLater } from "./submission.ts";
import { Turns } from "./turns.ts";

export class Driver {
  readonly #turns = new Turns();
  readonly #underWay = new Map<string, Promise<void>>();

  /** Does all that is left of a deployment when it is its app's turn. Rejects only when PostgreSQL is away. */
  drive(control: Control, deployment: OpenDeployment): Promise<void> {
    const known = this.#underWay.get(deployment.id);
    if (known !== undefined) return known;
    const driven = this.#turns.take(deployment.appId, () => doSteps(control, deployment)).finally(() => this.#underWay.delete(deployment.id));
    this.#underWay.set(deployment.id, driven);
    return driven;
  }

  isDriving(id: string): boolean {
    return this.#underWay.has(id);
  }

  /** As drive, after those that were asked for before: an older one must not end up on top of a newer one. */
  async driveInOrder(control: Control, deployment: OpenDeployment): Promise<void> {
    for (const older of await olderOpen(control.database, deployment)) await this.drive(control, older);
    await this.drive(control, deployment);
  }

  /** Other work that changes what the app runs. */
  take<T>(appId: string, act: () => Promise<T>): Promise<T> {
    return this.#turns.take(appId, act);
  }
}

const doSteps = async (control: Control, { id, appId, kind }: OpenDeployment): Promise<void> => {
  for (const step of stepsOf[kind]) if ((await doStep(control, id, step)) === "ended") break;
  void submitLater(control, appId, "retire");
};
