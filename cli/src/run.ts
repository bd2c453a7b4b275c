// One run of the CLI: words in, exit code out.
import { SlipError } from "@slipstream/contract/errors.ts";
import { CommanderError } from "commander";
import type { Command } from "./command.ts";
import { allCommands, commandsFor } from "./commands.ts";
import type { Environment } from "./environment.ts";
import { tell } from "./failure.ts";
import { ofOneApp, otherWord } from "./other-words.ts";
import { openSession } from "./platform/session.ts";
import { programOf, type Runner } from "./program.ts";
import { screenOf } from "./terminal/screen.ts";
import { safeText } from "./terminal/text.ts";

/** Whether the user asked for JSON, also when the rest of the words cannot be read. */
const asksForJson = (argv: readonly string[]): boolean => {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).includes("--json");
};

/** Help and version end in a CommanderError too, with exit code 0. */
const isShown = (error: unknown): boolean => error instanceof CommanderError && error.exitCode === 0;

/** The words of `argv` that name a command: "secrets set". Undefined when the first names none. */
const commandOf = (commands: readonly Command[], argv: readonly string[]): string | undefined => {
  const words: string[] = [];
  for (let among: readonly Command[] = commands; words.length < argv.length; ) {
    const found = among.find(({ name }) => name === argv[words.length]);
    if (!found) break;
    words.push(found.name);
    among = found.commands ?? [];
  }
  return words.length === 0 ? undefined : words.join(" ");
};

/** The parser only knows words that look alike. */
const checkOthers = (commands: readonly Command[], [word = "", name]: readonly string[]): void => {
  if (word === "status" && name !== undefined && !name.startsWith("-")) throw ofOneApp(safeText(name).slice(0, 40));
  const next = commandOf(commands, [word]) === undefined ? otherWord(word) : undefined;
  if (next !== undefined) throw new SlipError("usage", `Unknown command '${word}'.`, { next });
};

/** The parser shows the help of all for a word that it does not know. */
const checkHelp = (commands: readonly Command[], [help, name]: readonly string[]): void => {
  if (help !== "help" || name === undefined || name.startsWith("-") || name === "help" || commandOf(commands, [name]) !== undefined) return;
  throw new SlipError("usage", `Unknown command '${safeText(name).slice(0, 40)}'.`, { next: "See 'slip --help'." });
};

/** Runs `argv` (without node and script). Never rejects. */
export const runCli = async (argv: readonly string[], environment: Environment, version: string): Promise<number> => {
  const screen = screenOf(environment, asksForJson(argv));
  const commands = await commandsFor(argv);
  let code = 0;
  const runner: Runner = async (run, words) => {
    code = await run({ ...words, environment, screen, session: openSession(environment, screen), commands: allCommands });
  };
  try {
    checkHelp(commands, argv);
    checkOthers(commands, argv);
    await programOf(commands, version, runner).parseAsync(argv.length === 0 ? ["--help"] : argv, { from: "user" });
    return code;
  } catch (error) {
    return isShown(error) ? 0 : tell(screen, error, commandOf(commands, argv));
  }
};
