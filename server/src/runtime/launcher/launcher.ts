// Starts conmon by one small program that waits to be told so: this process is large, and a copy of it for each program that it starts itself
// holds it up for milliseconds. That program also takes out of the way what else a sandbox would wait for (launcher.pl).
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { cleanEnv } from "#platform/exec.ts";

/** Numbers of the calls unshare, mount, umount2, setsid and memfd_create. */
const callNumbers: Partial<Record<NodeJS.Architecture, readonly number[]>> = { x64: [272, 165, 166, 112, 319], arm64: [97, 40, 39, 157, 279] };

/** A program that makes sandboxes where something of the machine is not to be seen. */
export interface Hiding {
  path: string;
  program: string;
}

export interface LaunchPlan {
  /** Where it is started. */
  folder: string;
  command: readonly string[];
  hiding?: Hiding | undefined;
}

/** Where a folder names the mount namespace of a launch without what is hidden, and the program for it: as long as conmon has not answered. */
export const viewPath = (folder: string): string => join(folder, "view");
export const runtimePath = (folder: string): string => join(folder, "runtime");

/** A conmon that waits. */
export interface Begun {
  /** What it says, one line; empty where it ended before, or where nobody can say. */
  said: Promise<string>;
  /** Has it go on. */
  go: () => void;
  /** Nobody waits for it any more. */
  forget: () => void;
  kill: () => void;
}

/** The letters that names are written in, and no other category of the locale: each is a file that every program on the way would read. */
const env = { PATH: cleanEnv.PATH, LC_CTYPE: cleanEnv.LANG };

type Program = ChildProcessByStdio<Writable, Readable, null>;

export class Launcher {
  #program: Program | undefined;
  #count = 0;
  readonly #waiting = new Map<string, (said: string) => void>();
  #text = "";

  /** Starts the program, so that who asks first need not wait for it. */
  open(): void {
    this.#program ??= this.#start();
  }

  close(): void {
    this.#program?.stdin.end();
    this.#program = undefined;
  }

  begin({ folder, command, hiding }: LaunchPlan): Begun {
    this.#count += 1;
    const id = `${this.#count}`;
    const said = new Promise<string>((resolve) => this.#waiting.set(id, resolve));
    this.#ask("begin", id, folder, hiding?.path ?? "", hiding?.program ?? "", ...command);
    const drop = (ends: "" | "1"): void => {
      if (this.#waiting.delete(id)) this.#ask("drop", id, ends);
    };
    return { said, go: () => this.#ask("go", id), forget: () => drop(""), kill: () => drop("1") };
  }

  #ask(...words: readonly string[]): void {
    this.#program ??= this.#start();
    this.#program.stdin.write(`${words.map((word) => Buffer.from(word).toString("hex")).join(" ")}\n`);
  }

  #start(): Program {
    const numbers = callNumbers[process.arch];
    if (!numbers) throw new Error(`The calls of the kernel have no numbers known here on ${process.arch}.`);
    const file = join(import.meta.dirname, "launcher.pl");
    const program = spawn("perl", [file, ...numbers.map(String)], { cwd: "/", env, stdio: ["pipe", "pipe", "ignore"] });
    program.stdin.on("error", () => {});
    program.stdout.on("data", (chunk: Buffer) => this.#hear(chunk.toString()));
    program.on("error", () => this.#lose(program)).on("close", () => this.#lose(program));
    // It ends with this process, and does not keep it.
    program.unref();
    for (const stream of [program.stdin, program.stdout]) if ("unref" in stream && typeof stream.unref === "function") stream.unref();
    return program;
  }

  #hear(text: string): void {
    const lines = (this.#text + text).split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) {
      const [id = "", said = ""] = line.split(" ");
      this.#answer(id, Buffer.from(said, "hex").toString());
    }
  }

  #answer(id: string, said: string): void {
    this.#waiting.get(id)?.(said);
    this.#waiting.delete(id);
  }

  /** The next who asks starts another one. */
  #lose(program: Program): void {
    if (this.#program !== program) return;
    this.#program = undefined;
    this.#text = "";
    for (const id of [...this.#waiting.keys()]) this.#answer(id, "");
  }
}
