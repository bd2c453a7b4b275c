// Whether waiting longer for a program is of no use. Pure.
import type { Answer } from "./health.ts";
import type { Listener } from "./listening.ts";

const loopbackGraceMs = 1_500;
const wrongPortGraceMs = 15_000;

/** A program that speaks HTTP/2 goes on doing so, and one on loopback does not move; one on another port may still open the right one, and one that leads in a circle stop doing so. */
export const isHopeless = (last: Answer, elapsedMs: number, listeners: () => readonly Listener[], port: number): boolean => {
  if (last.kind === "http2") return true;
  if (last.kind === "loop") return elapsedMs > wrongPortGraceMs;
  if (last.kind !== "refused" || elapsedMs < loopbackGraceMs) return false;
  const open = listeners();
  if (open.some((one) => one.port === port)) return open.every((one) => one.port !== port || one.loopback);
  return open.length > 0 && elapsedMs > wrongPortGraceMs;
};
