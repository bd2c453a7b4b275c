// The platform's own programs: started with the Node that runs the CLI, spoken to by arguments and standard output.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fromErrorBody, SlipError } from "@slipstream/contract/errors.ts";
import type { Environment } from "../environment.ts";

const programs = join(import.meta.dirname, "../../../server/src/main");
const outputLimitBytes = 4 * 2 ** 20;

export const programPath = (name: string): string => join(programs, `${name}.ts`);

/** What a program did: its exit code and, where they were kept, its words. */
export interface Ran {
  code: number;
  output: string;
  errors: string;
}

const keep = (stream: NodeJS.ReadableStream | null | undefined): (() => string) => {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= outputLimitBytes) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
};

/** Runs `name.ts` to its end, and keeps what it says: standard output is for our own data. */
export const runProgram = (environment: Environment, name: string, args: readonly string[]): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [programPath(name), ...args], { env: environment.inherited, stdio: ["ignore", "pipe", "pipe"] });
    const output = keep(child.stdout);
    const errors = keep(child.stderr);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 4, output: output(), errors: errors().trim() }));
  });

/** The JSON that a program prints. Throws the error that it prints, and `internal` when it prints something else. */
export const jsonOf = async (environment: Environment, name: string): Promise<unknown> => {
  const { output, errors } = await runProgram(environment, name, ["--json"]);
  const answer = parsed(output);
  if (answer === undefined) throw new SlipError("internal", `The program ${name} gave no answer.`, { evidence: errors.split("\n").slice(-5) });
  if (typeof answer === "object" && answer !== null && "error" in answer) throw fromErrorBody(answer);
  return answer;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
