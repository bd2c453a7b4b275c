// Which ports a program listens on, as the kernel's tables of its network namespace say.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { exec } from "#platform/exec.ts";

export interface Listener {
  port: number;
  /** Reachable from inside its namespace only. */
  loopback: boolean;
}

const listenState = "0A";

/** A hexadecimal address of /proc/net/tcp: 127.0.0.0/8 ends in 7F in the kernel's byte order; ::1, and 127.0.0.0/8 written as IPv6. */
const isLoopback = (hex: string): boolean =>
  hex.length === 8 ? hex.endsWith("7F") : hex === "00000000000000000000000001000000" || (hex.startsWith("0000000000000000FFFF0000") && hex.endsWith("7F"));

/** Listeners in the text of /proc/PID/net/tcp or tcp6. Pure. */
export const parseListeners = (text: string): Listener[] =>
  text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listenState)
    .map((fields) => {
      const [address = "", port = ""] = (fields[1] ?? "").split(":");
      return { port: Number.parseInt(port, 16), loopback: isLoopback(address) };
    });

const establishedState = "01";

/** Whether a connection to a port is open, in the text of /proc/PID/net/tcp or tcp6. Pure. */
const hasConnection = (text: string, port: number): boolean => {
  const own = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return text.split("\n").some((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    return state === establishedState && local?.endsWith(own) === true;
  });
};

/** Open TCP sockets, those that listen among them, in the text of /proc/PID/net/sockstat or sockstat6; NaN where it does not say. Pure. */
export const parseSockets = (text: string): number => Number(/^TCP6?: inuse (\d+)/m.exec(text)?.[1]);

/**
 * How many there are in a network namespace, NaN where nobody says. The kernel counts them for each, but finds the rows of a table among those of the
 * whole machine: that takes a hundred times as long, milliseconds.
 */
const sockets = (pid: number): number => {
  try {
    return ["sockstat", "sockstat6"].reduce((sum, name) => sum + parseSockets(readFileSync(`/proc/${pid}/net/${name}`, "utf8")), 0);
  } catch {
    return Number.NaN;
  }
};

/** Whether no socket of a process's network is open, so that none listens; false where nobody says. To be told so is cheaper than to try to connect. */
export const isClosed = (pid: number | undefined): boolean => pid !== undefined && sockets(pid) === 0;

/** So much of a table is read: one that is longer is of a program that has a lot to do. */
const tableBytes = 64 * 1_024;
/** The kernel gives a table by pages, and each but the last is nearly full. To be told that there is no more takes as long again as the table. */
const lastPageBytes = 2_048;

const beginningOf = (path: string): string | undefined => {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(tableBytes);
    let size = 0;
    for (let read = lastPageBytes; read >= lastPageBytes && size < tableBytes; size += read) read = readSync(file, buffer, size, tableBytes - size, null);
    return size < tableBytes ? buffer.toString("latin1", 0, size) : undefined;
  } finally {
    closeSync(file);
  }
};

/** The tables of a process's network; undefined when they are too long. Throws when it is gone. */
const tablesOf = (pid: number): string | undefined => {
  const texts = ["tcp", "tcp6"].map((name) => beginningOf(`/proc/${pid}/net/${name}`));
  return texts.includes(undefined) ? undefined : texts.join("\n");
};

/** Whether clients of a process hold connections to it open; true also when there are too many to say, or it is gone. */
export const hasClients = (pid: number, port: number): boolean => {
  // One is what listens.
  if (sockets(pid) <= 1) return false;
  try {
    const text = tablesOf(pid);
    return text === undefined || hasConnection(text, port);
  } catch {
    return true;
  }
};

const endMs = 5_000;

/** Ends the TCP connections to a port in the network namespace at `network`; a kernel without INET_DIAG_DESTROY ends none. */
export const endConnections = async (network: string, port: number): Promise<void> => {
  const connected = ["--tcp", "state", "connected", "sport", "=", `:${port}`];
  await exec(["nsenter", `--net=${network}`, "--", "ss", "--kill", "--no-header", ...connected], { timeoutMs: endMs });
};

/** Tables are as they were so long: one look asks for the clients of many ports. */
export const sameMomentMs = 20;

/**
 * Clients of the ports of one process that listens on the same ones from its beginning to its end. Its tables are read once for all that are asked for in
 * the same moment, and not at all where no more sockets are open than those that listen.
 */
export class PortClients {
  #of: number | undefined;
  #listening = 0;
  #read: { at: number; text: string | undefined } = { at: Number.NEGATIVE_INFINITY, text: undefined };

  /** As `hasClients`. */
  has(pid: number, port: number): boolean {
    if (pid !== this.#of) [this.#of, this.#listening, this.#read] = [pid, 0, { at: Number.NEGATIVE_INFINITY, text: undefined }];
    if (sockets(pid) <= this.#listening) return false;
    try {
      const text = this.#tables(pid);
      return text === undefined || hasConnection(text, port);
    } catch {
      return true;
    }
  }

  #tables(pid: number): string | undefined {
    if (performance.now() - this.#read.at > sameMomentMs) {
      const text = tablesOf(pid);
      this.#read = { at: performance.now(), text };
      this.#listening = parseListeners(text ?? "").length;
    }
    return this.#read.text;
  }
}

/** What listens in the network namespace of a process; empty when it is gone, or there is none. */
export const listeners = (pid: number | undefined): Listener[] => {
  if (pid === undefined || sockets(pid) === 0) return [];
  try {
    return ["tcp", "tcp6"].flatMap((name) => parseListeners(readFileSync(`/proc/${pid}/net/${name}`, "utf8")));
  } catch {
    return [];
  }
};
