// What a spare waits with, in its bundle: a folder with its program and two pipes.
import { constants, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execOrThrow } from "#platform/exec.ts";

const mountedAt = "/run/spare";
const tellMs = 1_000;
const readyMs = 30_000;
const lookAgainMs = 5;

const inboxOf = (bundle: string): string => join(bundle, "inbox");
/** It says that it waits by the one, and is told by the other. */
const pipeOf = (bundle: string, name: "ready" | "begin"): string => join(inboxOf(bundle), name);

let program: string | undefined;

/** What it runs, as plain JavaScript, so that it starts at once. */
const waiting = (): string => {
  program ??= stripTypeScriptTypes(readFileSync(join(import.meta.dirname, "wait.ts"), "utf8"));
  return program;
};

/** Makes it; gives where it is in the sandbox. */
export const makeInbox = async (bundle: string): Promise<{ source: string; destination: string; readOnly: boolean }> => {
  mkdirSync(inboxOf(bundle), { recursive: true, mode: 0o755 });
  writeFileSync(join(inboxOf(bundle), "wait.mjs"), waiting(), { mode: 0o644 });
  await Promise.all([execOrThrow(["mkfifo", "--mode=666", pipeOf(bundle, "ready")]), execOrThrow(["mkfifo", "--mode=644", pipeOf(bundle, "begin")])]);
  return { source: inboxOf(bundle), destination: mountedAt, readOnly: true };
};

export const waitingArgs: readonly string[] = ["node", `${mountedAt}/wait.mjs`];

const isEmptyYet = (error: NodeJS.ErrnoException): { bytesRead: number } => {
  if (error.code === "EAGAIN") return { bytesRead: 0 };
  throw error;
};

/** Starts the spare by `start`, and resolves when it waits. */
export const untilWaiting = async (bundle: string, start: () => Promise<void>): Promise<void> => {
  const ready = await open(pipeOf(bundle, "ready"), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    await start();
    for (const end = performance.now() + readyMs; performance.now() < end; await sleep(lookAgainMs))
      if ((await ready.read(Buffer.alloc(1), 0, 1).catch(isEmptyYet)).bytesRead === 1) return;
    throw new Error(`The spare did not begin to wait within ${readyMs} ms.`);
  } finally {
    await ready.close();
    rmSync(pipeOf(bundle, "ready"), { force: true });
  }
};

/** It says that it waits right before it does. */
const openToTell = async (path: string, end: number): Promise<FileHandle> => {
  for (;;) {
    try {
      return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENXIO" || performance.now() > end) throw error;
    }
    await sleep(1);
  }
};

const isFullYet = (error: NodeJS.ErrnoException): { bytesWritten: number } => {
  if (error.code === "EAGAIN") return { bytesWritten: 0 };
  throw error;
};

/** Tells the spare which program it is. Rejects where nobody waits. */
export const tell = async (bundle: string, program: { args: readonly string[]; env: Readonly<Record<string, string>>; cwd: string }): Promise<void> => {
  const end = performance.now() + tellMs;
  const pipe = await openToTell(pipeOf(bundle, "begin"), end);
  try {
    for (let rest = Buffer.from(JSON.stringify(program)); rest.length > 0; ) {
      const { bytesWritten } = await pipe.write(rest).catch(isFullYet);
      rest = rest.subarray(bytesWritten);
      if (performance.now() > end) throw new Error(`The spare did not read within ${tellMs} ms.`);
      if (bytesWritten === 0) await sleep(1);
    }
  } finally {
    await pipe.close();
    rmSync(pipeOf(bundle, "begin"), { force: true });
  }
};
