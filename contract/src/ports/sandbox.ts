// The Sandbox port: one kind of isolation around one process tree. Adapters: runc, gvisor.
import type { SandboxKind } from "../words.ts";

/** What to run, complete: the adapter adds isolation and nothing else. Paths are of the host. */
export interface SandboxSpec {
  id: string;
  /** Read-only layers, lowest first. */
  layers: readonly string[];
  /** A folder of the host that is /app in the sandbox and can be written (builds); undefined = read-only root (instances). */
  writable: string | undefined;
  /** The program sees what the host mounts at /app of the root while it runs. */
  appComesLater?: true;
  mounts: readonly { source: string; destination: string; readOnly: boolean }[];
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Path of the network namespace. */
  network: string;
  hostname: string;
  limits: { memoryBytes: number; cpus: number; pids: number; tmpBytes: number; openFiles: number };
}

/** A program that runs once in a sandbox to its end: a build step, a release command. It has a network namespace of its own. */
export interface RunOnce {
  /** Names the run; a run of the same name that is still there is ended first. */
  id: string;
  sandbox: SandboxKind | undefined;
  layers: readonly string[];
  /** Overlay on top of `layers`: what the program writes lands in `upper` (same file system as `work`). Undefined = read-only root. */
  overlay: { upper: string; work: string } | undefined;
  mounts: readonly { source: string; destination: string; readOnly: boolean }[];
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Numeric user of the program; without one it has a user that nothing else has. */
  uid?: number;
  limits: SandboxSpec["limits"];
  timeoutMs: number;
  /** Ends the program (SIGKILL to all of it) when it aborts. */
  signal: AbortSignal;
  /** Each line as it comes, not yet redacted, without its newline. */
  onLine: (stream: "stdout" | "stderr", text: string) => void;
  /** What its CPU time is counted for; absent: it is not counted. */
  account?: string | undefined;
  /** Each thing that the program wanted of the network and was refused, in words. */
  onDenied?: (text: string) => void;
}
export interface RanOnce {
  exitCode: number;
  timedOut: boolean;
  outOfMemory: boolean;
  cancelled: boolean;
  /** What looked after the program was killed: nobody knows how far it came. It has ended. */
  lost: boolean;
}
export type Runner = (run: RunOnce) => Promise<RanOnce>;

/** A network that reaches what builds reach, and the hosts that the operator named. */
export interface FetchNetwork {
  /** Path of the network namespace. */
  path: string;
  /** What /etc/resolv.conf says in it. */
  resolvConf: string;
}
/** Does something with such a network, which is gone when this resolves. `tell` is told, by then at the latest, what was refused in it. */
export type WithFetchNetwork = <T>(tell: (line: string) => void, act: (network: FetchNetwork) => Promise<T>) => Promise<T>;
