// Which ports a program listens on, as the kernel's tables of its network namespace say.
import { readFileSync } from "node:fs";

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

/** How many connections to a port are open, in the text of /proc/PID/net/tcp or tcp6. Pure. */
export const countConnections = (text: string, port: number): number => {
  const own = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return text.split("\n").filter((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    return state === establishedState && local?.endsWith(own) === true;
  }).length;
};

/** Connections that clients of a process hold open; undefined when it is gone. */
export const connectionsTo = (pid: number, port: number): number | undefined => {
  try {
    return ["tcp", "tcp6"].reduce((sum, name) => sum + countConnections(readFileSync(`/proc/${pid}/net/${name}`, "utf8"), port), 0);
  } catch {
    return undefined;
  }
};

/** What listens in the network namespace of a process; empty when it is gone. */
export const listeners = (pid: number): Listener[] => {
  try {
    return ["tcp", "tcp6"].flatMap((name) => parseListeners(readFileSync(`/proc/${pid}/net/${name}`, "utf8")));
  } catch {
    return [];
  }
};
