// The line between the host process and a spare: a connection that is made when the spare begins to wait, and by which it is told what it is.
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Program, WaitingRuntime } from "./waiting-runtime.ts";

/** The spare listens here in its own network until the host has connected. No other can: but for programs of this machine, who do not know the secret. */
const port = 1_024;
const mountedAt = "/run/spare";
const waitsMs = 30_000;
const lookAgainMs = 10;
const tellMs = 1_000;

/** Puts what it runs into the bundle; gives where that is in the sandbox. */
export const makeProgram = (bundle: string, { file, text }: WaitingRuntime): { source: string; destination: string; readOnly: boolean } => {
  const source = join(bundle, "spare");
  mkdirSync(source, { recursive: true, mode: 0o755 });
  writeFileSync(join(source, file), text(), { mode: 0o644 });
  return { source, destination: mountedAt, readOnly: true };
};

/** A layer of the bundle with what its runtime looks for, where it looks for anything. */
export const makePretence = (bundle: string, command: string, { pretend }: WaitingRuntime): string[] => {
  if (!pretend) return [];
  const layer = join(bundle, "pretence");
  mkdirSync(layer, { recursive: true, mode: 0o755 });
  pretend(layer, command);
  return [layer];
};

export const waitingArgs = (command: string, { file }: WaitingRuntime): string[] => [command, `${mountedAt}/${file}`, `${port}`];
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

/**
 * Tells a spare which program it is, in a line: the end of what is said would be sent in a later turn of this process. Rejects where nobody has heard
 * it: the connection of one that dies ends too.
 */
export const tell = async (socket: Socket, what: Program): Promise<void> => {
  if (socket.readyState !== "open") throw new Error("The spare has hung up.");
  const signal = AbortSignal.timeout(tellMs);
  let said = "";
  const heard = new Promise<void>((resolve, reject) => {
    socket.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said === "heard\n") resolve();
    });
    for (const end of ["end", "close"]) socket.on(end, () => reject(new Error("The spare has ended before it heard what it is.")));
    signal.addEventListener("abort", () => reject(new Error(`The spare has not heard what it is within ${tellMs} ms.`)));
  });
  socket.write(`${JSON.stringify(what)}\n`);
  await heard.finally(() => socket.destroy());
};
