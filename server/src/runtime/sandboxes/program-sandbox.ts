// What an instance asks of that in which its program runs, whatever kind of isolation that is.
import type { OutputLine } from "../output/output-line.ts";
import type { Cgroup } from "./cgroup.ts";
import type { Launch } from "./oci-sandbox.ts";

/** Takes the lines of one program, until its end. */
export type Tail = {
  /** The program has ended: takes what is there. */
  end(): void;
  /** Takes what is there and lets go. With `exact` the next reader goes on right here. */
  close(exact: boolean): void;
};

/** What a program uses, and how it is held up. */
export type Hold = Pick<Cgroup, "freeze" | "thaw" | "isFrozen" | "oomKills" | "cpuTime" | "memoryBytes" | "isRunnable">;

export interface ProgramSandbox {
  /** Starts the program. Rejects with LaunchError, after which the caller removes what there is. */
  start(launch: Launch): Promise<void>;
  /** Starts the program of an instance that has run before anew. Rejects with LaunchError; it can be tried again. */
  restart(id: string, network: string): Promise<void>;
  /** Does of the next `restart` what can be done before, where that holds next to nothing. Rejects with LaunchError; it can be tried again. */
  makeReady(id: string, network: string): Promise<void>;
  /** Whether nothing of the next `restart` is left to do but to begin the program. */
  isReady(id: string): boolean;
  /** Says what the CPU time of a sandbox is counted for; to be said again by the host process that takes it over. */
  count(id: string, account: string | undefined): void;
  /** Gives each line that the program writes. */
  follow(id: string, take: (line: OutputLine) => void): Tail;
  hold(id: string): Hold;
  /** Process id on the host of what the program runs in. */
  pid(id: string): number | undefined;
  /** Whether clients hold connections to its port open; true also where nobody can say. */
  hasClients(id: string, port: number): boolean;
  /** Exit code, or undefined while it runs. */
  exitCode(id: string): number | undefined;
  isAlive(id: string): boolean;
  /** Ends a program that waits for ever for a part of it that the kernel ended because memory was used up. To be called now and then. */
  endStill(id: string): void;
  /** The program has answered: its end is a crash from here on, and no failed start. */
  proven(id: string): void;
  /** Asks the program to end and waits until it has, `graceMs` at most, less where there is a hurry. */
  askToEnd(id: string, graceMs: number, hurry: AbortSignal): Promise<void>;
  /** Ends the program at once; who waits for its end is told. */
  kill(id: string): void;
  /** Ends it with all that it runs on, which is made anew when it is started again. */
  renew(id: string): void;
  /** Ends the program and keeps what it takes to start it anew. */
  stop(id: string, network: string): Promise<void>;
  /** Ends what runs and removes everything of it. Absent is fine. */
  remove(id: string, network: string): Promise<void>;
}
