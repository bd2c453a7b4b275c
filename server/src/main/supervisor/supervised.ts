// One process that is kept running: started or adopted, watched, started again with a growing pause, stopped.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Home } from "#platform/home.ts";
import type { Log } from "#platform/log.ts";
import { identityOf, isAlive, type ProcessIdentity, signal } from "#platform/process-identity.ts";
import { afterEnd } from "./backoff.ts";
import type { ProcessPlan } from "./plan.ts";
import { noteInProcessLog, withProcessLog } from "./process-log.ts";
import { isReady, isStillReady } from "./readiness.ts";
import type { ProcessRecord } from "./state.ts";

interface Options {
  home: Home;
  log: Log;
  /** Called after every change of the record. */
  changed: () => void;
  /** Runs before each start. */
  before?: () => Promise<void>;
  /** The public sockets, for those that hold them. */
  sockets?: () => readonly number[];
}

const pollMs = 10;
const adoptedPollMs = 200;
const askEveryMs = 1_000;
/** Questions in a row, where the plan does not say; each has its own time limit. */
const usualUnanswered = 2;

export class Supervised {
  readonly plan: ProcessPlan;
  readonly #options: Options;
  #identity: ProcessIdentity | undefined;
  #state: ProcessRecord["state"] = "starting";
  #since = new Date();
  #startedAt = 0;
  #restarts = 0;
  #failures = 0;
  #stopping: boolean = false;
  #firstReady = Promise.withResolvers<void>();
  #ended: Promise<void> = Promise.resolve();

  constructor(plan: ProcessPlan, options: Options) {
    this.plan = plan;
    this.#options = options;
  }

  get record(): ProcessRecord | undefined {
    if (this.#identity === undefined) return undefined;
    return { name: this.plan.name, ...this.#identity, state: this.#state, restarts: this.#restarts, since: this.#since.toISOString() };
  }
  /** Ends in a row, without a time in which it ran well. */
  get failures(): number {
    return this.#failures;
  }
  get isReadyNow(): boolean {
    return this.#state === "ready";
  }
  /** Resolves when it is ready for the first time. */
  get ready(): Promise<void> {
    return this.#firstReady.promise;
  }

  /** Takes over a process that an earlier supervisor started, when it still lives. */
  adopt(record: ProcessRecord): boolean {
    const identity = { pid: record.pid, startTime: record.startTime };
    if (!isAlive(identity)) return false;
    this.#identity = identity;
    this.#restarts = record.restarts;
    this.#startedAt = performance.now();
    this.#ended = this.#watchAdopted(identity);
    void this.#afterEnded();
    void this.#awaitReady(identity);
    return true;
  }

  async start(): Promise<void> {
    try {
      await this.#options.before?.();
    } catch (error) {
      this.#options.log.error(`${this.plan.name} could not be prepared`, error);
      noteInProcessLog(this.#options.home, this.plan.name, error instanceof Error ? error.message : String(error));
      return this.#again(0);
    }
    if (this.#stopping) return;
    this.#startedAt = performance.now();
    this.#ended = this.#spawn();
    void this.#afterEnded();
  }

  /** Asks it to end, ends it after its time, and resolves when it has. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const identity = this.#identity;
    if (identity !== undefined && signal(identity, this.plan.stopSignal)) {
      const timer = setTimeout(() => signal(identity, "SIGKILL"), this.plan.stopMs);
      await this.#ended;
      clearTimeout(timer);
    }
    this.#become("stopped");
  }

  #become(state: ProcessRecord["state"]): void {
    this.#state = state;
    this.#since = new Date();
    this.#options.changed();
  }

  /** Resolves when the process has ended. It is detached: it lives on when the supervisor dies, and is adopted by the next. */
  #spawn(): Promise<void> {
    const { plan } = this;
    const [program, ...args] = plan.argv;
    const sockets = plan.holdsSockets ? (this.#options.sockets?.() ?? []) : [];
    const child = withProcessLog(this.#options.home, plan.name, (file) =>
      spawn(program, args, { detached: true, cwd: plan.cwd, env: { ...plan.env }, stdio: [plan.leashed ? "pipe" : "ignore", file, file, ...sockets] }),
    );
    const identity = child.pid === undefined ? undefined : identityOf(child.pid);
    if (identity !== undefined) {
      this.#identity = identity;
      this.#become("starting");
      void this.#awaitReady(identity);
    }
    return new Promise((resolve) => {
      child.once("error", (error) => {
        this.#options.log.error(`${plan.name} could not be started`, error);
        resolve();
      });
      child.once("exit", (code, by) => {
        if (!this.#stopping) this.#options.log.warn(`${plan.name} ended`, { code: code ?? undefined, signal: by ?? undefined });
        resolve();
      });
    });
  }

  async #watchAdopted(identity: ProcessIdentity): Promise<void> {
    while (isAlive(identity)) await sleep(adoptedPollMs);
  }

  async #awaitReady(identity: ProcessIdentity): Promise<void> {
    while (isAlive(identity) && this.#identity === identity) {
      if (await isReady(this.plan.readiness, identity.pid)) {
        this.#become("ready");
        this.#firstReady.resolve();
        if (this.plan.unreadySignal) void this.#watchAnswers(identity, this.plan.unreadySignal);
        return;
      }
      await sleep(pollMs);
    }
  }

  /** A process that stands still keeps what it has accepted; when it has ended, clients may ask another, or the next one. */
  async #watchAnswers(identity: ProcessIdentity, unreadySignal: NodeJS.Signals): Promise<void> {
    const unansweredMax = this.plan.unansweredMax ?? usualUnanswered;
    let unanswered = 0;
    while (isAlive(identity) && this.#identity === identity && !this.#stopping && unanswered < unansweredMax) {
      await sleep(askEveryMs);
      unanswered = (await isStillReady(this.plan.readiness, identity.pid)) ? 0 : unanswered + 1;
    }
    if (unanswered < unansweredMax || this.#stopping || !signal(identity, unreadySignal)) return;
    this.#options.log.warn(`${this.plan.name} did not answer, and was ended`);
  }

  async #afterEnded(): Promise<void> {
    await this.#ended;
    if (!this.#stopping) await this.#again(performance.now() - this.#startedAt);
  }

  async #again(livedMs: number): Promise<void> {
    const { failures, pauseMs } = afterEnd(this.#failures, livedMs);
    this.#failures = failures;
    this.#restarts += 1;
    this.#become("backoff");
    await sleep(pauseMs);
    if (!this.#stopping) await this.start();
  }
}
