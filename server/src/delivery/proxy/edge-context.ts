// What every connection of an edge process shares.
import type { BodyEncoder } from "../http/body-encoder.ts";
import type { RouteMap } from "../routes/route-map.ts";
import type { Waker } from "../wake/waker.ts";
import type { AccessLog } from "./access-log.ts";
import type { ClientShares } from "./client-shares.ts";
import type { EdgeClock } from "./clock.ts";
import type { EdgeLimits } from "./edge-limits.ts";
import type { RequestIds } from "./request-ids.ts";

export interface EdgeContext {
  readonly limits: EdgeLimits;
  readonly clock: EdgeClock;
  readonly ids: RequestIds;
  readonly encoder: BodyEncoder;
  readonly accessLog: AccessLog;
  readonly waker: Waker;
  /** Requests to the platform that are under way. */
  readonly platformShares: ClientShares;
  /** Where HTTPS is from outside: the aim of redirects. */
  readonly httpsPort: number;
  /** The process is about to end: each answer is the last of its connection. */
  readonly draining: boolean;
  /** The present routes; undefined while none were ever known. */
  routes(): RouteMap | undefined;
  countRequest(): void;
}
