// Questions to the kernel that Node has no call for, asked by one small program that waits for them: to start a program for each takes
// milliseconds, of which this process is held up itself for some.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { cleanEnv } from "#platform/exec.ts";

/** Numbers of the calls mount and setns. */
const callNumbers: Partial<Record<NodeJS.Architecture, readonly [number, number]>> = { x64: [165, 308], arm64: [40, 268] };

const mountFlags = { ro: 1, nosuid: 2, nodev: 4 } as const;
export type MountFlag = keyof typeof mountFlags;

export interface Mount {
  /** Where paths that are not absolute begin. */
  from: string;
  type: string;
  target: string;
  flags: readonly MountFlag[];
  /** The options of the file system. */
  data: string;
}

type Program = ChildProcessByStdio<Writable, Readable, null>;
interface Asked {
  resolve: () => void;
  reject: (error: Error) => void;
}

const answerMs = 10_000;

export class Kernel {
  #program: Program | undefined;
  #asked: Asked[] = [];
  #text = "";
  #patience: NodeJS.Timeout | undefined;

  /** Rejects with the kernel's words. */
  mount({ from, type, target, flags, data }: Mount): Promise<void> {
    const bits = flags.reduce((sum, flag) => sum | mountFlags[flag], 0);
    return this.#ask("mount", from, type, target, type, `${bits}`, data);
  }

  /** Sends messages of rtnetlink in the network namespace at `path`, in this one where there is none. Rejects with the kernel's words. */
  network(path: string | undefined, messages: readonly Buffer[]): Promise<void> {
    return this.#ask("network", path ?? "", ...messages);
  }

  /** Starts the program, so that who asks first need not wait for it. */
  open(): void {
    this.#program ??= this.#start();
  }

  close(): void {
    this.#program?.stdin.end();
    this.#program = undefined;
  }

  #ask(...words: readonly (string | Buffer)[]): Promise<void> {
    this.#program ??= this.#start();
    const { stdin } = this.#program;
    const answered = new Promise<void>((resolve, reject) => this.#asked.push({ resolve, reject }));
    stdin.write(`${words.map((word) => Buffer.from(word).toString("hex")).join(" ")}\n`);
    this.#wait();
    return answered;
  }

  #start(): Program {
    const numbers = callNumbers[process.arch];
    if (!numbers) throw new Error(`The calls of the kernel have no numbers known here on ${process.arch}.`);
    const file = join(import.meta.dirname, "asker.pl");
    const program = spawn("perl", [file, ...numbers.map(String)], { cwd: "/", env: cleanEnv, stdio: ["pipe", "pipe", "ignore"] });
    program.stdin.on("error", () => {});
    program.stdout.on("data", (chunk: Buffer) => this.#hear(chunk.toString()));
    const lost = (why: string) => (): void => this.#lose(program, why);
    program.on("error", lost("could not be started")).on("close", lost("has ended"));
    // It ends with this process, and does not keep it.
    program.unref();
    for (const stream of [program.stdin, program.stdout]) if ("unref" in stream && typeof stream.unref === "function") stream.unref();
    return program;
  }

  #hear(text: string): void {
    this.#text += text;
    const lines = this.#text.split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) {
      const asked = this.#asked.shift();
      if (line === "") asked?.resolve();
      else asked?.reject(new Error(line));
    }
    this.#wait();
  }

  /** For the next answer, where one is due. */
  #wait(): void {
    clearTimeout(this.#patience);
    if (this.#asked.length > 0) this.#patience = setTimeout(() => this.#program?.kill("SIGKILL"), answerMs);
  }

  /** The next who asks starts another one. */
  #lose(program: Program, why: string): void {
    if (this.#program === program) this.#program = undefined;
    const asked = this.#asked.splice(0);
    this.#text = "";
    clearTimeout(this.#patience);
    for (const { reject } of asked) reject(new Error(`The program that asks the kernel ${why}.`));
  }
}
