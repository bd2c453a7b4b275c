// Whether anybody uses a running program: clients that hold connections to it, and work that it does by itself.
import { limit } from "@slipstream/contract/limits.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { ProgramSandbox } from "../sandboxes/program-sandbox.ts";

export class Use {
  readonly #sandbox: ProgramSandbox;
  readonly #id: string;
  readonly #port: number;
  readonly #busyPercent: number;
  #cpuMs = 0;
  #at = Number.NEGATIVE_INFINITY;

  constructor(sandbox: ProgramSandbox, { id, port, kind }: { id: string; port: number; kind: SandboxKind }) {
    this.#sandbox = sandbox;
    this.#id = id;
    this.#port = port;
    this.#busyPercent = limit(kind === "gvisor" ? "sleepBusyPercentGvisor" : "sleepBusyPercent");
  }

  hasClients(): boolean {
    return this.#sandbox.hasClients(this.#id, this.#port);
  }

  /** What its program has worked since it was started. */
  cpuMs(): number {
    return this.#sandbox.hold(this.#id).cpuTime()?.ms ?? 0;
  }

  /** Whether it has used more than its share of a core since this was asked last, or waits for one: on a machine that has too much to do that is work, too. */
  isBusy(): boolean {
    const [cpuMs, now] = [this.cpuMs(), performance.now()];
    const [used, passed] = [cpuMs - this.#cpuMs, now - this.#at];
    this.#cpuMs = cpuMs;
    this.#at = now;
    // Less than before is another program, which is just starting.
    return used < 0 || used * 100 > passed * this.#busyPercent || this.#sandbox.hold(this.#id).isRunnable();
  }
}
