// Kills one process of the platform at an exact moment: control is held at a fault point until it is done.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Case, ProcessName } from "./cases.ts";
import { pick, type Random, within } from "./random.ts";
import type { World } from "./world.ts";

const lookMs = 2;
/** A step that has not come by then never does. */
const reachMs = 30_000;
const conmonMs = 3_000;
/** From control's answer to Restate's record of it, and a little more. */
const recordMs = 12;

/** Numbers of the conmons of programs that run once. */
const conmonsOf = (home: string): number[] => {
  const runs = join(home, "run/runs");
  return readdirSync(runs).flatMap((name) => {
    try {
      return [Number(readFileSync(join(runs, name, "conmon.pid"), "utf8"))];
    } catch {
      return [];
    }
  });
};

const conmonOf = async (home: string): Promise<number> => {
  for (const until = performance.now() + conmonMs; performance.now() < until; await pause(lookMs)) {
    const pid = conmonsOf(home)[0];
    if (pid !== undefined) return pid;
  }
  throw new Error("No program runs under conmon.");
};

const kill = (world: World, process_: ProcessName, random: Random): number => {
  const found = world.processes().filter(({ name }) => name === process_ || name.startsWith(`${process_}-`));
  const { pid, name } = pick(random, found);
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    throw new Error(`${name} did not run.`);
  }
  return pid;
};

export class Strike {
  readonly #world: World;
  readonly #case: Case;
  readonly #random: Random;
  readonly #armed: string;
  readonly #held: string;

  constructor(world: World, case_: Case, random: Random) {
    this.#world = world;
    this.#case = case_;
    this.#random = random;
    const folder = join(world.home, "run/control/faults");
    this.#armed = join(folder, "armed");
    this.#held = join(folder, "held");
    rmSync(this.#held, { force: true });
    writeFileSync(`${this.#armed}.new`, `${case_.step}.${case_.moment === "after" ? "after" : "before"}`);
    renameSync(`${this.#armed}.new`, this.#armed);
  }

  /** Resolves with the number of the process when it is dead and control goes on. Rejects when control never came to the point. */
  async done(): Promise<number> {
    try {
      await this.#reached();
      return await this.#kill();
    } finally {
      rmSync(this.#armed, { force: true });
      rmSync(this.#held, { force: true });
    }
  }

  async #reached(): Promise<void> {
    for (const until = performance.now() + reachMs; !existsSync(this.#held); await pause(lookMs))
      if (performance.now() > until) throw new Error(`control never came to ${this.#case.step}`);
  }

  /** "After" is after the effect, before or while that is written down. */
  async #kill(): Promise<number> {
    const { moment, process: name, stepMs } = this.#case;
    if (name === "conmon") return this.#killConmon();
    const waitMs = moment === "during" ? within(this.#random, stepMs) : moment === "after" && this.#random() < 0.5 ? within(this.#random, recordMs) : undefined;
    if (waitMs !== undefined) {
      rmSync(this.#held, { force: true });
      await pause(waitMs);
    }
    return kill(this.#world, name, this.#random);
  }

  async #killConmon(): Promise<number> {
    rmSync(this.#held, { force: true });
    const pid = await conmonOf(this.#world.home);
    await pause(within(this.#random, this.#case.stepMs));
    process.kill(pid, "SIGKILL");
    return pid;
  }
}
