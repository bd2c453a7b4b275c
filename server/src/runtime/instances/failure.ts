// From what was seen of a program that did not become healthy to what was wrong with it. Pure.
import { type ErrorCode, errors } from "@slipstream/contract/errors.ts";
import type { HealthCheck } from "@slipstream/contract/ports/host.ts";
import type { FailureReport } from "@slipstream/contract/words.ts";
import type { Answer } from "./health.ts";
import type { Listener } from "./listening.ts";

export type Symptom =
  | { kind: "not_started"; message: string }
  | { kind: "exited"; exitCode: number; outOfMemory: boolean }
  | { kind: "late"; last: Answer; listeners: readonly Listener[]; elapsedMs: number };

export interface Patient {
  port: number;
  memoryBytes: number;
  check: HealthCheck;
  command: readonly string[];
  lastLines: readonly string[];
}

const signals: Readonly<Record<number, string>> = {
  129: "SIGHUP",
  130: "SIGINT",
  132: "SIGILL",
  134: "SIGABRT",
  135: "SIGBUS",
  136: "SIGFPE",
  137: "SIGKILL",
  139: "SIGSEGV",
  143: "SIGTERM",
};
const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
const ports = (all: readonly Listener[]): string => [...new Set(all.map(({ port }) => port))].join(", ");

interface Finding {
  phase: "start" | "health";
  code: ErrorCode;
  summary: string;
  suspectedCause?: string;
  next?: string;
}

const exited = ({ exitCode, outOfMemory }: Extract<Symptom, { kind: "exited" }>, patient: Patient): Finding => {
  if (outOfMemory)
    return {
      phase: "start",
      code: "out_of_memory",
      summary: `The program was ended because it needed more than its ${megabytes(patient.memoryBytes)} of memory.`,
    };
  const signal = signals[exitCode];
  const how = signal ? `was ended by ${signal}` : exitCode === 0 ? "ended with 0, as if its work were done," : `ended with exit code ${exitCode}`;
  return { phase: "start", code: "exited", summary: `The program ${how} before it answered.` };
};

/** The runtime's words that mean "there is no such program". */
const isMissingProgram = (message: string): boolean => /executable file not found|no such file or directory|permission denied|exec format error/i.test(message);

const notStarted = (message: string, { command }: Patient): Finding => ({
  phase: "start",
  code: "start_failed",
  summary: isMissingProgram(message) ? `'${command[0] ?? ""}' cannot be run in the artifact.` : "The sandbox could not be started.",
  suspectedCause: message.trim().split("\n").at(-1)?.slice(0, 1_000) ?? message,
});

const late = ({ last, listeners, elapsedMs }: Extract<Symptom, { kind: "late" }>, { port, check }: Patient): Finding => {
  const path = check.path ?? "/";
  const right = listeners.filter((one) => one.port === port);
  const others = listeners.filter((one) => one.port !== port);
  const reachable = others.filter(({ loopback }) => !loopback);
  if (last.kind === "status")
    return {
      phase: "health",
      code: "unhealthy",
      summary: `GET ${path} on port ${port} answered ${last.status} until its time of ${seconds(check.startMs)} was over.`,
    };
  if (right.some(({ loopback }) => !loopback)) {
    const how = last.kind === "timeout" ? `did not answer within ${seconds(check.timeoutMs)}` : "closed the connection without an HTTP answer";
    return { phase: "health", code: "unhealthy", summary: `The program listens on port ${port}, but GET ${path} ${how}.` };
  }
  if (right.length > 0)
    return { phase: "health", code: "loopback_only", summary: `The program listens on 127.0.0.1:${port} only, where nothing outside its sandbox reaches it.` };
  if (reachable.length > 0)
    return {
      phase: "health",
      code: "wrong_port",
      summary: `The program listens on port ${ports(reachable)}, and not on ${port}.`,
      next: `Listen on the port in the PORT variable, or set [run] port = ${reachable[0]?.port ?? port} in slip.toml.`,
    };
  if (others.length > 0)
    return { phase: "health", code: "loopback_only", summary: `The program listens on 127.0.0.1:${ports(others)} only, and not on 0.0.0.0:${port}.` };
  return { phase: "health", code: "not_listening", summary: `The program runs, but listened on no port within ${seconds(elapsedMs)}.` };
};

const find = (symptom: Symptom, patient: Patient): Finding => {
  switch (symptom.kind) {
    case "not_started":
      return notStarted(symptom.message, patient);
    case "exited":
      return exited(symptom, patient);
    case "late":
      return late(symptom, patient);
  }
};

export const failureOf = (symptom: Symptom, patient: Patient): FailureReport => {
  const { phase, code, summary, suspectedCause, next } = find(symptom, patient);
  return {
    phase,
    code,
    summary,
    evidence: [...patient.lastLines],
    ...(suspectedCause === undefined ? {} : { suspectedCause }),
    nextActions: [next ?? errors[code].next],
  };
};

const loopbackGraceMs = 1_500;
const wrongPortGraceMs = 15_000;

/** Whether waiting longer is of no use: a program on loopback does not move, one on another port may still open the right one. */
export const isHopeless = (last: Answer, elapsedMs: number, listeners: () => readonly Listener[], port: number): boolean => {
  if (last.kind !== "refused" || elapsedMs < loopbackGraceMs) return false;
  const open = listeners();
  if (open.some((one) => one.port === port)) return open.every((one) => one.port !== port || one.loopback);
  return open.length > 0 && elapsedMs > wrongPortGraceMs;
};
