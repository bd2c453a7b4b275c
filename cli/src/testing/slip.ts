// Runs the CLI as a process, as a user does.
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}
export interface Running {
  child: ChildProcess;
  ended: Promise<Ran>;
}

const entry = join(import.meta.dirname, "../main.ts");
const timeLimitMs = 30_000;
/** Of all tests: each has a home of its own, in which nothing would be compiled yet. */
const compiled = join(import.meta.dirname, "../../../node_modules/.cache/tests");

const ranToEnd = (child: ChildProcessWithoutNullStreams): Promise<Ran> => {
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr })));
};

/** Starts `slip` for the installation in `home`, which also stands for the user's home folder. */
export const startSlip = (home: string, args: readonly string[], options: { input?: string; env?: Record<string, string>; cwd?: string } = {}): Running => {
  const env = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: home, SLIP_HOME: home, NODE_COMPILE_CACHE: compiled, ...options.env };
  const child = spawn(process.execPath, [entry, ...args], { env, cwd: options.cwd, timeout: timeLimitMs, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  return { child, ended: ranToEnd(child) };
};

/** Runs `slip` as `slip` does, on a terminal: what a person sees, with all that moves the cursor. `typed` once `after` was shown. */
export const slipOnTerminal = (home: string, args: readonly string[], typed?: { after: string; keys: string }): Promise<Ran> => {
  const words = [process.execPath, entry, ...args].map((word) => `'${word}'`).join(" ");
  const env = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: home, SLIP_HOME: home, NODE_COMPILE_CACHE: compiled, TERM: "xterm", NO_COLOR: "1" };
  const child = spawn("script", ["--quiet", "--return", "--command", words, "/dev/null"], { env, timeout: timeLimitMs, stdio: ["pipe", "pipe", "pipe"] });
  child.stdout.on("data", (chunk: Buffer) => {
    if (typed && chunk.toString().includes(typed.after)) child.stdin.write(typed.keys);
  });
  return ranToEnd(child);
};

export const slip = (...args: Parameters<typeof startSlip>): Promise<Ran> => startSlip(...args).ended;
