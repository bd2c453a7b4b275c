// A steady load of many requests, over kept connections, in a thread of its own: the least that HTTP/1.1 takes, so that the machine is left to the
// platform. What cannot be sent in time is sent later, as long as a connection is free.
import net from "node:net";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import type { Installation } from "../test/e2e/installation.ts";
import { startLoad } from "./load-thread.ts";

const connections = 64;
const tickMs = 1;

interface Given {
  port: number;
  host: string;
  perSecond: number;
}
export interface FastLoaded {
  requests: number;
  failed: number;
  perSecond: number;
}

const headEnd = Buffer.from("\r\n\r\n");

/** One connection that has one request under way at most. */
class Client {
  readonly #given: Given;
  readonly #request: string;
  readonly #onEnd: (isWell: boolean) => void;
  #socket: net.Socket | undefined;
  #isBusy: boolean = false;
  #received: Buffer = Buffer.alloc(0);

  constructor(given: Given, onEnd: (isWell: boolean) => void) {
    this.#given = given;
    this.#request = `GET / HTTP/1.1\r\nHost: ${given.host}\r\n\r\n`;
    this.#onEnd = onEnd;
  }

  get isFree(): boolean {
    return !this.#isBusy;
  }

  send(): void {
    this.#isBusy = true;
    this.#socket ??= this.#connect();
    this.#socket.write(this.#request);
  }

  #connect(): net.Socket {
    const socket = net.connect({ host: "127.0.0.1", port: this.#given.port, noDelay: true });
    const over = (): void => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (this.#isBusy) this.#end(false);
    };
    return socket
      .on("data", (bytes: Buffer) => this.#take(bytes))
      .on("error", over)
      .on("close", over);
  }

  #take(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    const end = this.#received.indexOf(headEnd);
    if (end < 0) return;
    const head = this.#received.toString("latin1", 0, end);
    const length = Number(/^content-length: (\d+)\r?$/im.exec(head)?.[1]);
    if (!(this.#received.length >= end + headEnd.length + length)) return;
    this.#end(head.startsWith("HTTP/1.1 200 "));
  }

  #end(isWell: boolean): void {
    this.#isBusy = false;
    this.#received = Buffer.alloc(0);
    this.#onEnd(isWell);
  }

  close(): void {
    this.#socket?.destroy();
  }
}

/** Resolves once requests flow, with what ends them. */
export const fastLoad = (installation: Installation, app: string, perSecond: number): Promise<() => Promise<FastLoaded>> =>
  startLoad<FastLoaded>(installation, import.meta.url, { port: installation.httpPort, host: `${app}.slip.localhost`, perSecond } satisfies Given);

const work = (given: Given): void => {
  let [requests, failed, sent] = [0, 0, 0];
  const ended = (isWell: boolean): void => {
    requests += 1;
    if (!isWell) failed += 1;
    if (requests === 1) parentPort?.postMessage("flows");
  };
  const clients = Array.from({ length: connections }, () => new Client(given, ended));
  const start = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - start) * given.perSecond) / 1_000;
    for (const client of clients)
      if (sent < due && client.isFree) {
        sent += 1;
        client.send();
      }
  }, tickMs);
  parentPort?.once("message", () => {
    clearInterval(timer);
    parentPort?.postMessage({ requests, failed, perSecond: (requests * 1_000) / (performance.now() - start) } satisfies FastLoaded);
    for (const client of clients) client.close();
  });
};

if (!isMainThread) work(workerData as Given);
