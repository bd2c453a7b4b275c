// The processes of a platform, as its supervisor wrote them down: this needs none of them to answer.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

const Identified = z.object({ pid: z.number(), state: z.string() });
const State = z.object({ supervisor: Identified, processes: z.array(Identified.extend({ name: z.string() })) });

const returnMs = 30_000;

/** What was sent SIGKILL ends when it has a processor; what it had open is closed before it can be waited for. */
const isThere = (pid: number): boolean => {
  try {
    return !/^[ZX]/.test(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1) ?? "");
  } catch {
    return false;
  }
};

export class Processes {
  readonly #path: string;

  constructor(home: string) {
    this.#path = join(home, "processes", "state.json");
  }

  list(): { name: string; pid: number; state: string }[] {
    const { supervisor, processes } = State.parse(JSON.parse(readFileSync(this.#path, "utf8")));
    return [{ name: "supervisor", ...supervisor }, ...processes];
  }

  edges(): string[] {
    return this.list().flatMap(({ name }) => (name.startsWith("edge-") ? [name] : []));
  }

  pidOf(name: string): number {
    const found = this.list().find((process) => process.name === name);
    assert.ok(found, `there is a process ${name}`);
    return found.pid;
  }

  /** Kills them in the same moment. Gives a promise that resolves when others have taken the place of all. */
  kill(...names: readonly string[]): Promise<void> {
    const killed = names.map((name) => ({ name, pid: this.pidOf(name) }));
    for (const { pid } of killed) process.kill(pid, "SIGKILL");
    return Promise.all(killed.map(({ name, pid }) => this.returned(name, pid))).then(() => undefined);
  }

  /** Resolves when nothing is left of them that clients could reach. */
  async gone(pids: readonly number[]): Promise<void> {
    for (const until = performance.now() + returnMs; pids.some(isThere); await pause(5)) assert.ok(performance.now() < until, `${pids} are there`);
  }

  /** Resolves when another process than `pid` is `name` and answers. */
  async returned(name: string, pid: number): Promise<void> {
    const isBack = () => this.list().some((process) => process.name === name && process.pid !== pid && process.state === "ready");
    for (const until = performance.now() + returnMs; !isBack(); await pause(50)) assert.ok(performance.now() < until, `${name} did not come back`);
  }
}
