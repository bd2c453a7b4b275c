// The line between the host process and a spare: a connection that is made when the spare begins to wait, and by which it is told what it is.
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { plainJavaScript } from "#platform/plain-javascript.ts";

/** The spare listens here in its own network until the host has connected. No other can: but for programs of this machine, who do not know the secret. */
const port = 1_024;
const mountedAt = "/run/spare";
const waitsMs = 30_000;
const lookAgainMs = 10;
const tellMs = 1_000;

let program: string | undefined;

/** What it runs. */
const waiting = (): string => {
  program ??= plainJavaScript(join(import.meta.dirname, "wait.ts"));
  return program;
};

/** Puts its program into the bundle; gives where that is in the sandbox. */
export const makeProgram = (bundle: string): { source: string; destination: string; readOnly: boolean } => {
  const source = join(bundle, "spare");
  mkdirSync(source, { recursive: true, mode: 0o755 });
  writeFileSync(join(source, "wait.mjs"), waiting(), { mode: 0o644 });
  return { source, destination: mountedAt, readOnly: true };
};

export const waitingArgs: readonly string[] = ["node", `${mountedAt}/wait.mjs`, `${port}`];
/** By this the spare knows the host process; only its own user and root can read it. */
export const waitingEnv = (secret: string): Record<string, string> => ({ SLIP_SPARE: secret });

const tryToConnect = async (address: string, secret: string, signal: AbortSignal): Promise<Socket | undefined> => {
  const socket = connect({ host: address, port });
  try {
    await once(socket, "connect", { signal });
    socket.write(`${secret}\n`);
    await once(socket, "data", { signal });
    return socket.unref();
  } catch {
    socket.destroy();
    signal.throwIfAborted();
    return undefined;
  }
};

/** Connects to a spare that has been started; resolves when it waits. */
export const connectToSpare = async (address: string, secret: string): Promise<Socket> => {
  for (const signal = AbortSignal.timeout(waitsMs); ; await sleep(lookAgainMs)) {
    const socket = await tryToConnect(address, secret, signal);
    if (socket) return socket.on("error", () => {});
  }
};

/** Tells a spare which program it is. Rejects where nobody waits. */
export const tell = async (socket: Socket, what: { args: readonly string[]; env: Readonly<Record<string, string>>; cwd: string }): Promise<void> => {
  if (socket.readyState !== "open") throw new Error("The spare has hung up.");
  const heard = once(socket, "end", { signal: AbortSignal.timeout(tellMs) });
  socket.resume().end(JSON.stringify(what));
  await heard;
  socket.destroy();
};
