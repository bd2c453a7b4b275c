// What a build has at hand, and the parts of one build that every step needs.
import type { BuildSpec } from "@slipstream/contract/ports/host.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import type { Runner, WithFetchNetwork } from "@slipstream/contract/ports/sandbox.ts";
import type { Home } from "#platform/home.ts";
import type { Log } from "#platform/log.ts";
import type { BuildLog } from "./build-log.ts";
import type { Leases } from "./leases.ts";
import type { Workspace } from "./workspace.ts";

export interface BuildDependencies {
  home: Home;
  /** Numeric users: `fetch` runs git, `app` runs the programs of builds. */
  uids: { fetch: number; app: number };
  /** Runs one program in a sandbox with network. */
  runner: Runner;
  /** Where git fetches; undefined = on the machine's own network. */
  withNetwork: WithFetchNetwork | undefined;
  logs: LogWriter;
  log: Log;
  /** Unpacked layer folders or digests that running instances use. */
  layersInUse: () => Promise<Set<string>>;
}

/** One build under way. */
export interface BuildContext {
  dependencies: BuildDependencies;
  spec: BuildSpec;
  workspace: Workspace;
  log: BuildLog;
  leases: Leases;
  signal: AbortSignal;
  /** What is left of the build's time; waiting for its turn does not count. */
  remainingMs: number;
  /** Does something heavy when it is this build's turn. */
  inTurn: <T>(act: () => Promise<T>) => Promise<T>;
  steps: { name: string; ms: number; reused: boolean }[];
}
