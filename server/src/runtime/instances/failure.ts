// From what was seen of a program that did not become healthy to what was wrong with it. Pure.
import { type ErrorCode, errors } from "@slipstream/contract/errors.ts";
import type { HealthCheck, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { FailureReport } from "@slipstream/contract/words.ts";
import { sizeText } from "#platform/diagnosis/amounts.ts";
import { diagnose } from "#platform/diagnosis/diagnosis.ts";
import { moreMemory } from "#platform/diagnosis/memory-signs.ts";
import { missingCommand } from "#platform/diagnosis/package-signs.ts";
import type { Diagnosis } from "#platform/diagnosis/sign.ts";
import type { Answer } from "./health.ts";
import { type Finding, late } from "./late.ts";
import type { Listener } from "./listening.ts";

export interface Exit {
  exitCode: number;
  outOfMemory: boolean;
}

/** How a program has ended, for its log. */
export const exitText = ({ exitCode, outOfMemory }: Exit, { memoryBytes }: Pick<WorkloadSpec, "memoryBytes">): string =>
  outOfMemory ? `needed more than its ${sizeText(memoryBytes)} of memory and was ended` : `ended with ${exitCode}`;

export type Symptom =
  | { kind: "not_started"; message: string }
  | ({ kind: "exited" } & Exit)
  /** It had answered before. */
  | ({ kind: "crashed" } & Exit)
  | { kind: "late"; last: Answer; listeners: readonly Listener[]; elapsedMs: number };

export interface Patient {
  app: string;
  deployment: string;
  port: number;
  memoryBytes: number;
  check: HealthCheck;
  command: readonly string[];
  /** Whether slip.toml says the command. */
  isOwnCommand: boolean;
  /** Names of its variables. */
  variables: readonly string[];
  lastLines: readonly string[];
}

export const patientOf = (
  { id, tags, port, memoryBytes, health, command: own, env }: WorkloadSpec,
  command: readonly string[],
  lastLines: readonly string[],
): Patient => ({
  app: tags.app,
  deployment: id,
  port,
  memoryBytes,
  check: health,
  command,
  isOwnCommand: own !== undefined,
  variables: Object.keys(env),
  lastLines,
});

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

/** The runtime's words that mean "there is no such program". */
const isMissingProgram = (message: string): boolean => /executable file not found|no such file or directory|permission denied|exec format error/i.test(message);
/** What shells end with when the command is not there, or is no program. */
const notThere = 127;
const notRunnable = 126;

const correctCommand = ({ command, isOwnCommand }: Patient): string =>
  isOwnCommand
    ? `Set [run] command in slip.toml to a program that is in the artifact; ${JSON.stringify(command[0] ?? "")} is not.`
    : "Correct the start script in package.json or the 'web:' line of the Procfile, or set [run] command in slip.toml.";

const words = (patient: Patient): Diagnosis =>
  diagnose(patient.lastLines, { app: patient.app, during: "run", memoryBytes: patient.memoryBytes, variables: patient.variables, port: patient.port });

const outOfMemory = (phase: Finding["phase"], patient: Patient): Finding => ({
  phase,
  code: "out_of_memory",
  summary: `The program was ended because it needed more than its ${sizeText(patient.memoryBytes)} of memory.`,
  diagnosis: { cause: "The kernel ended it at the limit of its memory.", actions: [moreMemory({ during: "run", memoryBytes: patient.memoryBytes })] },
});

const howItEnded = (exitCode: number): string => {
  const signal = signals[exitCode];
  if (signal) return `was ended by ${signal}`;
  return exitCode === 0 ? "ended with 0, as if its work were done," : `ended with exit code ${exitCode}`;
};

const done: Diagnosis = {
  cause: "The program did its work and ended; an app has to go on and answer requests.",
  actions: ["Start a server that listens on the port in the PORT variable.", "Set [run] command in slip.toml to the command that starts the server."],
};
const readLines = ({ app, deployment }: Patient): string =>
  `Read what it said with 'slip logs ${app} --deployment ${deployment}', correct the program and deploy again.`;

const exited = ({ exitCode, outOfMemory: isKilled }: Extract<Symptom, { kind: "exited" }>, patient: Patient): Finding => {
  if (isKilled) return outOfMemory("start", patient);
  const found = words(patient);
  const summary = `The program ${howItEnded(exitCode)} before it answered.`;
  if (exitCode === notThere || exitCode === notRunnable) {
    const cause =
      exitCode === notThere ? "The start command names a program that is not in the artifact." : "The start command names a file that is no program.";
    return { phase: "start", code: "exited", summary, diagnosis: { cause, actions: [correctCommand(patient)], ...found } };
  }
  if (found.cause === undefined && exitCode === 0) return { phase: "start", code: "exited", summary, diagnosis: done };
  return { phase: "start", code: found.code === undefined ? "exited" : "out_of_memory", summary, diagnosis: { actions: [readLines(patient)], ...found } };
};

const crashed = ({ exitCode, outOfMemory: isKilled }: Extract<Symptom, { kind: "crashed" }>, patient: Patient): Finding => {
  if (isKilled) return outOfMemory("prove", patient);
  const found = words(patient);
  return {
    phase: "prove",
    code: found.code === undefined ? "crash_loop" : "out_of_memory",
    summary: `The program answered at first, and then ${howItEnded(exitCode)}.`,
    diagnosis: { actions: [readLines(patient)], ...found },
  };
};

const reasonOf = (message: string): string => message.trim().split("\n").at(-1)?.slice(0, 1_000) ?? message;

const notStarted = (message: string, patient: Patient): Finding => {
  const finding = { phase: "start", code: "start_failed" } as const;
  if (!isMissingProgram(message)) return { ...finding, summary: "The sandbox could not be started.", diagnosis: { cause: reasonOf(message) } };
  const program = patient.command[0] ?? "";
  // A plain name is looked for among what is installed; a path is a file.
  const { actions } = /^[\w@.-]{1,100}$/.test(program) ? missingCommand(program, "run") : { actions: [] };
  const diagnosis = { cause: reasonOf(message), actions: [...actions.slice(0, 1), correctCommand(patient)] };
  return { ...finding, summary: `'${program}' cannot be run in the artifact.`, diagnosis };
};

const find = (symptom: Symptom, patient: Patient): Finding => {
  switch (symptom.kind) {
    case "not_started":
      return notStarted(symptom.message, patient);
    case "exited":
      return exited(symptom, patient);
    case "crashed":
      return crashed(symptom, patient);
    case "late":
      return late(symptom, patient, () => words(patient));
  }
};

export const failureOf = (symptom: Symptom, patient: Patient): FailureReport => {
  const { phase, code, summary, diagnosis } = find(symptom, patient);
  const { cause, actions, place } = diagnosis;
  return {
    phase,
    code,
    summary,
    ...(place === undefined ? {} : place),
    evidence: [...patient.lastLines],
    ...(cause === undefined ? {} : { suspectedCause: cause }),
    nextActions: actions === undefined ? [errors[code satisfies ErrorCode].next] : [...actions],
  };
};
