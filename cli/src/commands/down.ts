import type { Command, ExitCode, Invocation } from "../command.ts";
import { refusal } from "../platform/access.ts";
import { localOnly } from "../platform/local.ts";
import { runProgram } from "../platform/programs.ts";
import { programError } from "../platform/start.ts";

const run = async ({ environment, screen }: Invocation): Promise<ExitCode> => {
  localOnly(environment, "down");
  const refused = refusal(environment);
  if (refused) throw refused;
  const ran = await runProgram(environment, "up", ["--down", "--json"]);
  if (ran.code !== 0) throw programError("The platform did not stop.", ran);
  if (screen.json) screen.data({ running: false, home: environment.home });
  return 0;
};

export const down: Command = {
  name: "down",
  summary: "Stop the platform of this machine and its apps; everything is kept on disk.",
  examples: ["slip down"],
  run,
};
