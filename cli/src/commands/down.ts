import type { Command, ExitCode, Invocation } from "../command.ts";
import { refusal } from "../platform/access.ts";
import { localOnly } from "../platform/local.ts";
import { runProgram } from "../platform/programs.ts";

const run = async ({ environment, screen }: Invocation): Promise<ExitCode> => {
  localOnly(environment, "down");
  const refused = refusal(environment);
  if (refused) throw refused;
  const { code } = await runProgram(environment, "up", ["--down"], "show");
  if (code === 0 && screen.json) screen.data({ running: false, home: environment.home });
  return code as ExitCode;
};

export const down: Command = {
  name: "down",
  summary: "Stop the platform of this machine and its apps; everything is kept on disk.",
  examples: ["slip down"],
  run,
};
