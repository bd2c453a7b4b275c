// Writes lines at a steady pace, or follows them, in a process of its own: what is measured of it is its own processor time, and it can be killed.
import { type ChildProcess, fork } from "node:child_process";
import { openSync, writeSync } from "node:fs";
import type { LogLine } from "../contract/src/logs.ts";
import { logReader } from "../server/src/observability/store/reader.ts";
import { logWriter } from "../server/src/observability/store/writer.ts";

export interface WritersWork {
  kind: "write";
  folder: string;
  apps: number;
  perSecond: number;
  seconds: number;
  /** Lines are made and go nowhere: what that itself costs. */
  idle?: boolean;
  /** Where it is noted how many lines are acknowledged: that they were given to the system. */
  acknowledged?: string;
}
export interface FollowersWork {
  kind: "follow";
  folder: string;
  app: string;
}
export interface Wrote {
  lines: number;
  /** Of one line, once it was written for a while: V8 compiles at first, with a line's making as without. */
  cpuUs: number;
  tookMs: number;
}
export interface Saw {
  latenciesMs: number[];
}

export const appNamed = (index: number): string => `app-${index}`;
const ofApp = { tenant: "local", project: "default" };
/** None comes twice in one segment, which would be compressed to nothing. */
const textCount = 2 ** 17;
const tickMs = 1;
/** Lines of one turn, also where this process could not run for long. */
const atOnce = 500;
const tellMs = 1_000;
const warmUpMs = 2_000;
const micros = (): number => Number(process.hrtime.bigint() / 1_000n);

/** Numbers that are the same in each run. */
const numbers = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};
const words = "cart checkout session order payment user upstream cache hit miss retry item shipped failed timeout connected latency queue".split(" ");

/** Lines as a server writes them: about 100 bytes, to which a time and a number come. */
const textsOf = (count: number): string[] => {
  const next = numbers(7);
  const word = (): string => words[Math.floor(next() * words.length)] ?? "";
  const part = (digits: number): string => Math.floor(next() * 16 ** digits).toString(16);
  return Array.from(
    { length: count },
    () =>
      `${next() < 0.8 ? "GET" : "POST"} /api/${word()}/${part(5)} ${next() < 0.9 ? 200 : 404} ${(next() * 300).toFixed(1)}ms req_${part(10)} ${word()} ${word()} user=${part(4)} bytes=${part(4)}`,
  );
};

/**
 * What comes of a program is one piece of memory that was read a moment ago. A text that was put together here is only its parts, and who first looks
 * at it fetches them from a table that no cache holds: that is the making of the line, and not what the store does with it.
 */
const asOnePiece = (text: string): void => {
  if (text.charCodeAt(text.length - 1) === 0) throw new Error("No text ends so.");
};

const write = async ({ folder, apps, perSecond, seconds, idle, acknowledged }: WritersWork): Promise<Wrote> => {
  const writer = logWriter(folder);
  const file = acknowledged === undefined ? undefined : openSync(acknowledged, "w");
  process.on("message", (app: string) => writer.follow(ofApp.tenant, ofApp.project, app));
  const texts = textsOf(textCount);
  const tags = Array.from({ length: apps }, (_, index) => {
    const id = `${index}`.padStart(26, "0");
    return { ...ofApp, app: appNamed(index), deployment: `dep_${id}`, commit: "", instance: `ins_${id}` };
  });
  let last: LogLine | undefined;
  const append = (line: LogLine): void => {
    last = line;
    if (!idle) writer.append(line);
  };
  const begun = performance.now();
  let before = process.cpuUsage();
  let linesBefore = 0;
  let lines = 0;
  for (let passedMs = 0; passedMs < seconds * 1_000; passedMs = performance.now() - begun) {
    if (linesBefore === 0 && passedMs > warmUpMs) {
      before = process.cpuUsage();
      linesBefore = lines;
    }
    const time = new Date().toISOString();
    const due = Math.min((passedMs / 1_000) * perSecond, lines + atOnce);
    for (; lines < due; lines += 1) {
      const text = `${texts[lines % texts.length]} ${micros()} ${lines}`;
      asOnePiece(text);
      const tag = tags[lines % apps];
      if (tag) append({ ...tag, time, source: "runtime", stream: "stdout", text });
    }
    if (file !== undefined) {
      const given = lines;
      void writer.flush().then(() => writeSync(file, `${given}`, 0));
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  await writer.flush();
  const { user, system } = process.cpuUsage(before);
  if (last === undefined) throw new Error("Nothing was written.");
  return { lines, cpuUs: (user + system) / (lines - linesBefore), tookMs: performance.now() - begun };
};

const follow = async ({ folder, app }: FollowersWork): Promise<Saw> => {
  const stop = new AbortController();
  const latenciesMs: number[] = [];
  let expected = Number.POSITIVE_INFINITY;
  const endOnceAll = (): void => {
    if (latenciesMs.length >= expected) stop.abort();
  };
  process.on("message", (lines: number) => {
    expected = lines;
    endOnceAll();
  });
  const tell = (): void => void process.send?.(app);
  const timer = setInterval(tell, tellMs);
  tell();
  const query = { ...ofApp, app, sources: ["runtime" as const], limit: 0 };
  for await (const { text } of logReader([folder]).follow(query, stop.signal)) {
    const writtenUs = Number(text.split(" ").at(-2));
    if (Number.isNaN(writtenUs)) throw new Error(`This line is none of those that were written: ${text}`);
    latenciesMs.push((micros() - writtenUs) / 1_000);
    endOnceAll();
  }
  clearInterval(timer);
  return { latenciesMs };
};

/** A process that does the work, and what comes of it: nothing when it was killed. */
export const begin = <T>(work: WritersWork | FollowersWork): { child: ChildProcess; done: Promise<T | undefined> } => {
  const child = fork(import.meta.filename, [JSON.stringify(work)], { serialization: "advanced" });
  const done = new Promise<T | undefined>((resolve) => {
    let result: T | undefined;
    child.on("message", (message: T | string) => {
      if (typeof message !== "string") result = message;
    });
    child.on("exit", () => resolve(result));
  });
  return { child, done };
};

if (import.meta.main) {
  const work = JSON.parse(process.argv[2] ?? "") as WritersWork | FollowersWork;
  const result = work.kind === "write" ? await write(work) : await follow(work);
  process.send?.(result, () => process.exit(0));
}
