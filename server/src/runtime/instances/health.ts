// Asks a program whether it is healthy: an HTTP request from the host to its address.
import type http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import type { HealthCheck } from "@slipstream/contract/ports/host.ts";

/** What came of one attempt. */
export type Answer =
  | { kind: "refused" }
  | { kind: "timeout" }
  | { kind: "broken" }
  /** In HTTP/2, to a question in HTTP/1.1. */
  | { kind: "http2" }
  | { kind: "status"; status: number }
  /** Redirects that lead back to where they began, by these paths. */
  | { kind: "loop"; status: number; way: readonly string[] };

/** One answer, with where it sends those who ask; undefined when it sends them nowhere, or to another host. */
type Asked = Answer & { to?: string };

export interface Target {
  host: string;
  port: number;
  check: HealthCheck;
}

/** Pure: the rule of the HealthCheck. */
export const isHealthy = (answer: Answer, check: Pick<HealthCheck, "path">): boolean =>
  answer.kind === "status" && (check.path === undefined ? answer.status < 500 : answer.status >= 200 && answer.status < 400);

/**
 * Pause before the next attempt, in ms: a small part of what it took so far, by which it is seen the later. An attempt takes processor time, which
 * belongs to those that are coming up: where so many are at the same time, each is asked the less often. Pure.
 */
export const pauseAfter = (elapsedMs: number, waiting: number): number =>
  Math.min(250, Math.max(2, elapsedMs / 32, Math.min(4 * (waiting - 1), elapsedMs / 4)));

/** Counts the programs of a machine that are being waited for. */
export class Waits {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  async during<T>(wait: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await wait();
    } finally {
      this.#count -= 1;
    }
  }
}

const connect = ({ host, port, check }: Target): Promise<net.Socket | Answer> =>
  new Promise((resolve) => {
    const socket = net.connect({ host, port, noDelay: true });
    socket.setTimeout(check.timeoutMs, () => {
      socket.destroy();
      resolve({ kind: "timeout" });
    });
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve({ kind: error.code === "ECONNREFUSED" ? "refused" : "broken" }));
  });

/** The path that an answer sends to on the same host. One that sets a cookie may answer otherwise to who brings it. Pure. */
export const redirectOf = (status: number, headers: http.IncomingHttpHeaders, from: { port: number; path: string }): string | undefined => {
  const { location } = headers;
  if (status < 300 || status > 399 || location === undefined || headers["set-cookie"] !== undefined) return undefined;
  const url = URL.parse(location, `http://localhost:${from.port}${from.path}`);
  return url?.hostname === "localhost" ? `${url.pathname}${url.search}` : undefined;
};

/** As the edge says it: a program that wants HTTPS then knows that the client has it. */
const fields = { "user-agent": "slipstream-health", accept: "*/*", "x-forwarded-proto": "https" };

/** Begins to ask, and takes the first that is told: `finish` with what came, or `answered`. What was begun is ended by what `begin` gives. */
const asked = ({ port, check }: Target, path: string, begin: (tell: Telling) => () => void): Promise<Asked> =>
  new Promise((resolve) => {
    const finish = (answer: Asked): void => {
      clearTimeout(timer);
      resolve(answer);
      end();
    };
    const timer = setTimeout(() => finish({ kind: "timeout" }), check.timeoutMs);
    const end = begin({
      finish,
      answered(status, headers) {
        const to = redirectOf(status, headers, { port, path });
        finish({ kind: "status", status, ...(to === undefined ? {} : { to }) });
      },
    });
  });

interface Telling {
  finish: (answer: Asked) => void;
  answered: (status: number, headers: http.IncomingHttpHeaders) => void;
}

const askHttp2 = (socket: net.Socket, target: Target, path: string): Promise<Asked> =>
  asked(target, path, ({ finish, answered }) => {
    const session = http2.connect(`http://localhost:${target.port}`, { createConnection: () => socket });
    const broken = (): void => finish({ kind: "broken" });
    session.on("error", broken).on("close", broken);
    const request = session.request({ ":path": path, ...fields }, { endStream: true });
    request.on("response", ({ ":status": status = 0, ...headers }) => answered(status, headers));
    request.on("error", broken);
    return () => session.destroy();
  });

/** What a server of HTTP/2 says first: a SETTINGS frame of the connection itself (RFC 9113 §3.4, §4.1). */
const isHttp2 = ({ rawPacket: bytes }: { rawPacket?: Buffer }): boolean =>
  bytes !== undefined && bytes.length >= 9 && bytes[3] === 4 && bytes[4] === 0 && bytes.readUInt32BE(5) === 0;

const ask = (socket: net.Socket, target: Target, path: string): Promise<Asked> =>
  asked(target, path, ({ finish, answered }) => {
    const headers = { host: `localhost:${target.port}`, connection: "close", ...fields };
    const request = nodeHttp.request({ createConnection: () => socket, path, headers });
    request.on("response", ({ statusCode = 0, headers: got }) => answered(statusCode, got));
    request.on("error", (error: Error & { rawPacket?: Buffer }) => finish({ kind: isHttp2(error) ? "http2" : "broken" }));
    request.end();
    return () => request.destroy();
  });

const askPath = async (target: Target, path: string): Promise<Asked> => {
  const socket = await connect(target);
  if (!(socket instanceof net.Socket)) return socket;
  return target.check.http2 ? askHttp2(socket, target, path) : ask(socket, target, path);
};

const hopsMax = 5;

/** One attempt; never rejects. Redirects are followed only to see whether they come to an end. */
export const probe = async (target: Target): Promise<Answer> => {
  const path = target.check.path ?? "/";
  const { to: first, ...answer } = await askPath(target, path);
  if (answer.kind !== "status" || first === undefined) return answer;
  const way = [path];
  for (let to: string | undefined = first; to !== undefined && way.length <= hopsMax; { to } = await askPath(target, to)) {
    const isKnown = way.includes(to);
    way.push(to);
    if (isKnown) return { kind: "loop", status: answer.status, way };
  }
  return answer;
};

/** `isPrompt`: nothing else came of it since it listens. */
export type Gate = { outcome: "healthy"; isPrompt: boolean } | { outcome: "stopped" } | { outcome: "late"; last: Answer };

/** A program that is waited for, among all of the machine. */
interface Waited extends Target {
  waits: Waits;
  /** Whether it is known to listen on nothing, which is cheaper to see than by an attempt. */
  isClosed?: () => boolean;
}
type IsHopeless = (last: Answer, elapsedMs: number) => boolean;

/** What came of an attempt, where that was not what is waited for. */
type Attempt = (target: Target) => Promise<Answer | "enough">;

const asksIt: Attempt = async (target) => {
  const answer = await probe(target);
  return isHealthy(answer, target.check) ? "enough" : answer;
};

/** The connection is closed at once: a server that has one process would wait for what is said. */
const knocks: Attempt = async (target) => {
  const socket = await connect(target);
  if (!(socket instanceof net.Socket)) return socket;
  socket.destroy();
  return "enough";
};

/**
 * Asks until the program is healthy, `stopped` aborts, or its time to start is over. `isHopeless` is asked now and then with the last
 * answer; true ends the wait early.
 */
export const untilHealthy = (target: Waited, stopped: AbortSignal, isHopeless: IsHopeless): Promise<Gate> =>
  target.waits.during(() => tryUntil(asksIt, { target, stopped, isHopeless }));

/** The same until it listens, of a program that is known to be healthy by then. */
export const untilListening = (target: Waited, stopped: AbortSignal, isHopeless: IsHopeless): Promise<Gate> =>
  target.waits.during(() => tryUntil(knocks, { target, stopped, isHopeless }));

const lookAgainMs = 250;

interface Wait {
  target: Waited;
  stopped: AbortSignal;
  isHopeless: IsHopeless;
}

const tryUntil = async (attempt: Attempt, { target, stopped, isHopeless }: Wait): Promise<Gate> => {
  const started = performance.now();
  let lookedAt = 0;
  let isPrompt = true;
  while (!stopped.aborted) {
    const isClosed = target.isClosed?.() ?? false;
    const last = isClosed ? ({ kind: "refused" } as const) : await attempt(target);
    const elapsed = performance.now() - started;
    if (stopped.aborted) break;
    if (last === "enough") return { outcome: "healthy", isPrompt };
    isPrompt &&= last.kind === "refused";
    if (elapsed > target.check.startMs) return { outcome: "late", last };
    // What it says is free to see, what it listens on is not.
    if (last.kind !== "refused" || elapsed - lookedAt >= lookAgainMs) {
      lookedAt = elapsed;
      if (isHopeless(last, elapsed)) return { outcome: "late", last };
    }
    const pauseMs = pauseAfter(elapsed, target.waits.count);
    // To see so is cheap, but not where many are waited for.
    await sleep(isClosed && target.waits.count === 1 ? pauseMs / 2 : pauseMs, undefined, { signal: stopped }).catch(() => {});
  }
  return { outcome: "stopped" };
};
