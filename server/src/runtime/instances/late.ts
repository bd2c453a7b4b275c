// What was wrong with a program that runs and was not healthy in time: what it listens on, and what it answered. Pure.
import type { ErrorCode } from "@slipstream/contract/errors.ts";
import { durationText } from "#platform/diagnosis/amounts.ts";
import type { Diagnosis } from "#platform/diagnosis/sign.ts";
import type { Patient, Symptom } from "./failure.ts";
import type { Answer } from "./health.ts";
import type { Listener } from "./listening.ts";

export interface Finding {
  phase: "start" | "health" | "prove";
  code: ErrorCode;
  summary: string;
  diagnosis: Diagnosis;
}

type Late = Extract<Symptom, { kind: "late" }>;

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
const portsOf = (all: readonly Listener[]): number[] => [...new Set(all.map(({ port }) => port))];

/** The time that a report offers: twice what there was. */
const moreTime = ({ check }: Patient): string => `Set [health] start = "${durationText(check.startMs * 2)}" in slip.toml, where it only needs longer to start.`;

const unhealthy = (summary: string, diagnosis: Diagnosis): Finding => ({ phase: "health", code: "unhealthy", summary, diagnosis });

/** What a status says of the path that was asked. */
const ofStatus = (status: number, path: string): Diagnosis => {
  const another = `Set [health] path in slip.toml to a path that answers 200 without a login, or remove it: then any answer of / below 500 counts.`;
  if (status === 404) return { cause: `The program has no path ${path}.`, actions: [`Answer GET ${path} with 200.`, another] };
  if (status === 401 || status === 403) return { cause: `The path ${path} asks who it is that comes.`, actions: [another] };
  if (status === 400)
    return {
      cause: "The program refuses requests whose Host is localhost.",
      actions: ["Let it accept the host name localhost, by which its health is asked for.", another],
    };
  return { actions: [`Answer GET ${path} with a status ${status >= 500 ? "below 500" : "of 200 to 399"}.`, another] };
};

const answered = (status: number, patient: Patient, words: () => Diagnosis): Finding => {
  const { port, check } = patient;
  const path = check.path ?? "/";
  const found = status >= 500 ? words() : {};
  const summary = `GET ${path} on port ${port} answered ${status} until its time of ${seconds(check.startMs)} was over.`;
  return unhealthy(summary, { ...ofStatus(status, path), ...found });
};

const turning = ({ status, way }: Extract<Answer, { kind: "loop" }>, { port, check }: Patient): Finding => ({
  phase: "health",
  code: "unhealthy",
  summary: `GET ${check.path ?? "/"} on port ${port} answered ${status} and leads back to itself: ${way.join(" → ")}.`,
  diagnosis: {
    cause: "The program redirects without end.",
    actions: [
      `Answer GET ${check.path ?? "/"} itself; a program that sends all to HTTPS has to believe the header X-Forwarded-Proto (in many frameworks a setting 'trust proxy').`,
    ],
  },
});

const inHttp2 = ({ port }: Patient): Finding => ({
  phase: "health",
  code: "unhealthy",
  summary: `The program on port ${port} speaks HTTP/2 alone, and was asked in HTTP/1.1.`,
  diagnosis: {
    cause: "It is a server of gRPC, or another one that knows no older version.",
    actions: [`Set [run] protocol = "http2" in slip.toml.`],
  },
});

const silent = (last: Answer, patient: Patient, words: () => Diagnosis): Finding => {
  const { port, check } = patient;
  const path = check.path ?? "/";
  if (last.kind === "timeout") {
    const longer = `Set [health] timeout = "${durationText(check.timeoutMs * 2)}" in slip.toml, where an answer may take so long.`;
    const actions = [`Answer GET ${path} within ${durationText(check.timeoutMs)}.`, longer];
    return unhealthy(`The program listens on port ${port}, but GET ${path} did not answer within ${seconds(check.timeoutMs)}.`, { actions, ...words() });
  }
  return unhealthy(`The program listens on port ${port}, but GET ${path} closed the connection without an HTTP answer.`, {
    actions: check.http2
      ? [`Speak HTTP/2 on port ${port}, without TLS: the edge does that.`, "Remove protocol from [run] in slip.toml, where the program speaks HTTP/1.1."]
      : [`Speak HTTP on port ${port}, without TLS: the edge does that.`],
    ...words(),
  });
};

const wrongPort = (ports: readonly number[], { port }: Patient): Finding => ({
  phase: "health",
  code: "wrong_port",
  summary: `The program listens on port ${ports.join(", ")}, and not on ${port}.`,
  diagnosis: {
    cause: "Its port is written down somewhere, in place of being read from the PORT variable.",
    actions: [`Listen on the port in the PORT variable.`, `Set [run] port = ${ports[0] ?? port} in slip.toml.`],
  },
});

const onLoopback = (ports: readonly number[], { port }: Patient): Finding => ({
  phase: "health",
  code: "loopback_only",
  summary: ports.includes(port)
    ? `The program listens on 127.0.0.1:${port} only, where nothing outside its sandbox reaches it.`
    : `The program listens on 127.0.0.1:${ports.join(", ")} only, and not on 0.0.0.0:${port}.`,
  diagnosis: {
    cause: "It was told to listen on localhost or 127.0.0.1.",
    actions: [`Listen on the address in the HOST variable, 0.0.0.0${ports.includes(port) ? "" : `, and on the port in the PORT variable, ${port}`}.`],
  },
});

const nowhere = (patient: Patient, words: () => Diagnosis): Finding => {
  const found = words();
  return {
    phase: "health",
    code: "not_listening",
    summary: `The program runs, but listened on no port within ${seconds(patient.check.startMs)}.`,
    diagnosis: {
      cause: "It is slow to start, waits for something, or is no server.",
      ...found,
      actions: [...(found.actions ?? []), `Listen on the port in the PORT variable, ${patient.port}.`, moreTime(patient)],
    },
  };
};

/** `words` reads the last lines: only where nothing that was seen is reason enough. */
export const late = (symptom: Late, patient: Patient, words: () => Diagnosis): Finding => {
  const { last, listeners } = symptom;
  const right = listeners.filter(({ port }) => port === patient.port);
  const others = listeners.filter(({ port }) => port !== patient.port);
  const reachable = others.filter(({ loopback }) => !loopback);
  if (last.kind === "loop") return turning(last, patient);
  if (last.kind === "http2") return inHttp2(patient);
  if (last.kind === "status") return answered(last.status, patient, words);
  if (right.some(({ loopback }) => !loopback)) return silent(last, patient, words);
  if (right.length > 0) return onLoopback(portsOf(right), patient);
  if (reachable.length > 0) return wrongPort(portsOf(reachable), patient);
  if (others.length > 0) return onLoopback(portsOf(others), patient);
  return nowhere(patient, words);
};
