// The limits of one edge process, as values: tests give small ones.
import { limit } from "@slipstream/contract/limits.ts";

const names = [
  "headerBytes",
  "headerMs",
  "connectMs",
  "responseMs",
  "platformMs",
  "wakeMs",
  "wakeQueue",
  "idleMs",
  "upstreamConnections",
  "upstreamStreams",
  "upstreamQueue",
  "upstreamPercent",
  "platformConnections",
  "clientConnections",
  "clientPercent",
  "streams",
  "certificates",
  "drainMs",
] as const;
export type EdgeLimits = Record<(typeof names)[number], number>;

export const edgeLimits = (): EdgeLimits => Object.fromEntries(names.map((name) => [name, limit(name)])) as EdgeLimits;
