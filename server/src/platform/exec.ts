// The one way to run a program to its end: an argument vector, a bounded time, a bounded output, a clean environment.
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";

export interface ExecOptions {
  timeoutMs?: number;
  /** Bytes kept of each stream; the rest is dropped. */
  outputBytes?: number;
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  uid?: number;
  gid?: number;
  input?: string | Buffer;
  signal?: AbortSignal;
  /** With the program everything ends that it has started, when its time is over or the signal aborts; then it rejects when that has ended. */
  whole?: boolean;
}
export interface ExecResult {
  /** Exit code; 128 + signal number is not made up: a signal reads as undefined here and by name in `signal`. */
  code: number | undefined;
  signal: NodeJS.Signals | undefined;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

/** Environment of programs that we start: nothing of ours but a path. */
export const cleanEnv = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" } as const;

const collect = (limit: number) => {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add(chunk: Buffer) {
      if (size < limit) chunks.push(chunk.subarray(0, limit - size));
      size += chunk.length;
    },
    text: () => Buffer.concat(chunks).toString(),
  };
};

/** Ends the program with its whole group, of which it is the first. */
const endWhole = (child: ChildProcess): void => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // All of it has ended by itself.
  }
};

/** Gives what to call when the program has ended. */
const boundWhole = (child: ChildProcess, { timeoutMs, signal }: ExecOptions): (() => void) => {
  const end = (): void => endWhole(child);
  const timer = setTimeout(end, timeoutMs);
  signal?.addEventListener("abort", end);
  if (signal?.aborted) end();
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  };
};

/** Runs `argv` and gives what it said, whatever its exit code. Rejects only when the program cannot be started. */
export const exec = (argv: readonly [string, ...string[]], options: ExecOptions = {}): Promise<ExecResult> =>
  new Promise((resolve, reject) => {
    const { timeoutMs = 60_000, outputBytes = 2 ** 20, env = cleanEnv } = options;
    const [program, ...args] = argv;
    const settings: SpawnOptions = {
      env: { ...env },
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      ...(options.whole ? { detached: true } : { timeout: timeoutMs, killSignal: "SIGKILL" }),
    };
    for (const key of ["cwd", "uid", "gid", ...(options.whole ? [] : (["signal"] as const))] as const)
      if (options[key] !== undefined) Object.assign(settings, { [key]: options[key] });
    const started = performance.now();
    const child = spawn(program, args, settings);
    const stdout = collect(outputBytes);
    const stderr = collect(outputBytes);
    child.stdout?.on("data", stdout.add);
    child.stderr?.on("data", stderr.add);
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input);
    const unbound = options.whole ? boundWhole(child, { ...options, timeoutMs }) : () => {};
    child.on("error", reject);
    child.on("close", (code, signal) => {
      unbound();
      if (options.whole && options.signal?.aborted) reject(options.signal.reason);
      resolve({
        code: code ?? undefined,
        signal: signal ?? undefined,
        stdout: stdout.text(),
        stderr: stderr.text(),
        timedOut: signal === "SIGKILL" && performance.now() - started >= timeoutMs,
      });
    });
  });

/** As exec, but a non-zero exit code rejects with the program's own words. Gives standard output. */
export const execOrThrow = async (argv: readonly [string, ...string[]], options: ExecOptions = {}): Promise<string> => {
  const result = await exec(argv, options);
  if (result.code === 0) return result.stdout;
  const how = result.timedOut ? "took too long" : `ended with ${result.code ?? result.signal}`;
  throw new Error(`${argv.slice(0, 4).join(" ")} ${how}: ${result.stderr.trim().slice(-2_000) || result.stdout.trim().slice(-2_000)}`);
};
