// What every part of the runtime stands on.
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { Home } from "#platform/home.ts";
import type { Log } from "#platform/log.ts";
import type { Waits } from "./instances/health.ts";
import type { Records } from "./instances/record.ts";
import type { Isolates } from "./isolates/isolates.ts";
import type { NetworkPool } from "./network/pool.ts";
import type { Exits } from "./output/exits.ts";
import type { OciSandbox } from "./sandboxes/oci-sandbox.ts";
import type { Spares } from "./spares/spares.ts";

export interface RuntimeGround {
  home: Home;
  logs: LogWriter;
  log: Log;
  pool: NetworkPool;
  spares: Spares;
  isolates: Isolates;
  exits: Exits;
  records: Records;
  /** For first answers of programs. */
  waits: Waits;
  /** The sandbox of instances of a kind. Throws `sandbox_unavailable`. */
  sandbox(kind: SandboxKind): OciSandbox;
  defaultSandbox(): SandboxKind;
  /** What parked workloads may hold of the memory together. */
  parkedBytes: number;
  /** How many sandboxes of instances that were ended are made in advance. */
  ahead: number;
  /** Aborts when the platform stops: programs that are taking their time to end get no more of it. */
  hurry: AbortSignal;
}
