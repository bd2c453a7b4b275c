// The platform's own programs: started with the Node that runs the CLI, spoken to by arguments and standard output.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Environment } from "../environment.ts";

const programs = join(import.meta.dirname, "../../../server/src/main");
const outputLimitBytes = 4 * 2 ** 20;

/** What a program did: its exit code and, where asked for, its standard output. */
export interface Ran {
  code: number;
  output: string;
}

/** Runs `name.ts` with our terminal for its errors. `output` keeps what it prints; else that goes to our standard error, for ours is data. */
export const runProgram = (environment: Environment, name: string, args: readonly string[], output: "keep" | "show"): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(programs, `${name}.ts`), ...args], {
      env: environment.inherited,
      stdio: ["ignore", output === "keep" ? "pipe" : 2, 2],
    });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout?.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= outputLimitBytes) chunks.push(chunk);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 4, output: Buffer.concat(chunks).toString() }));
  });

/** The JSON that a program prints. Throws `internal` when it prints something else. */
export const jsonOf = async (environment: Environment, name: string): Promise<unknown> => {
  const { output } = await runProgram(environment, name, ["--json"], "keep");
  try {
    return JSON.parse(output);
  } catch {
    throw new SlipError("internal", `The program ${name} gave no answer.`);
  }
};
