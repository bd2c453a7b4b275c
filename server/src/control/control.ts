// What every part of the control plane is given: its neighbours and its own long-lived parts.
import type { Callers } from "@slipstream/contract/ports/calls.ts";
import type { hostCalls } from "@slipstream/contract/ports/host.ts";
import type { LogReader, LogWriter } from "@slipstream/contract/ports/log-store.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { Database } from "#platform/database.ts";
import type { Home } from "#platform/home.ts";
import type { Installation } from "#platform/installation.ts";
import type { Log } from "#platform/log.ts";
import type { RestateClient } from "#platform/restate.ts";
import type { Turns } from "#platform/turns.ts";
import type { Tokens } from "./access/token-store.ts";
import type { Approvals } from "./approvals/approvals.ts";
import type { Commands } from "./apps/commands.ts";
import type { Authority } from "./certificates/authority.ts";
import type { Changes } from "./deployments/changes.ts";
import type { Driver } from "./deployments/driver.ts";
import type { Runs } from "./deployments/run.ts";
import type { FaultPoints } from "./faults/fault-points.ts";
import type { KeyRing } from "./keys/key-ring.ts";
import type { RoutePublisher } from "./routes/route-publisher.ts";
import type { Deliverer } from "./webhooks/deliverer.ts";
import type { Drains } from "./workloads/drains.ts";
import type { HostWatch } from "./workloads/host-watch.ts";

export interface Control {
  home: Home;
  installation: Installation;
  version: string;
  database: Database;
  /** The same, for progress that can be found out again: its commits do not wait for the disk. */
  progress: Database;
  host: Callers<typeof hostCalls>;
  restate: RestateClient;
  tokens: Tokens;
  approvals: Approvals;
  sealing: KeyRing;
  /** Sealing keys are replaced one at a time. */
  rotations: Turns;
  authority: Authority;
  /** Requests with this key in `slip-prove` are answered by the edge with what they reached. */
  proofKey: string;
  /** The weakest sandbox that slip.toml may ask for. */
  sandboxFloor: SandboxKind | undefined;
  routes: RoutePublisher;
  changes: Changes;
  runs: Runs;
  driver: Driver;
  drains: Drains;
  hostWatch: HostWatch;
  commands: Commands;
  webhooks: Deliverer;
  faultPoints: FaultPoints;
  logWriter: LogWriter;
  logReader: LogReader;
  log: Log;
  /** Where callers have `database` wait while PostgreSQL is away: the same for the steps of the workflow, whose must not wait. */
  work?: Control;
}

/** Apps are host names below this one; RFC 6761 keeps `localhost` and all below it on the machine itself. */
export const platformDomain = "slip.localhost";

/** Name of the virtual object that does the work of an app, one piece at a time. Installations that share a Restate do not meet. */
export const serviceName = (installation: Pick<Installation, "id">): string => `App-${installation.id}`;

/** Address of a host name at this installation's edge. */
export const addressOf = (installation: Pick<Installation, "httpsPort">, host: string): string =>
  `https://${host}${installation.httpsPort === 443 ? "" : `:${installation.httpsPort}`}`;
