// One run of the CLI: words in, exit code out.
import { CommanderError } from "commander";
import type { ExitCode } from "./command.ts";
import { allCommands, commandsFor } from "./commands.ts";
import type { Environment } from "./environment.ts";
import { tell } from "./failure.ts";
import { openSession } from "./platform/session.ts";
import { programOf, type Runner } from "./program.ts";
import { screenOf } from "./terminal/screen.ts";

/** Whether the user asked for JSON, also when the rest of the words cannot be read. */
const asksForJson = (argv: readonly string[]): boolean => {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).includes("--json");
};

/** Help and version end in a CommanderError too, with exit code 0. */
const isShown = (error: unknown): boolean => error instanceof CommanderError && error.exitCode === 0;

/** Runs `argv` (without node and script). Never rejects. */
export const runCli = async (argv: readonly string[], environment: Environment, version: string): Promise<ExitCode> => {
  const screen = screenOf(environment, asksForJson(argv));
  const commands = await commandsFor(argv);
  let code: ExitCode = 0;
  const runner: Runner = async (run, words) => {
    code = await run({ ...words, environment, screen, session: openSession(environment, screen), commands: allCommands });
  };
  try {
    await programOf(commands, version, runner).parseAsync(argv.length === 0 ? ["--help"] : argv, { from: "user" });
    return code;
  } catch (error) {
    return isShown(error) ? 0 : tell(screen, error, commands.length === 1 ? commands[0]?.name : undefined);
  }
};
