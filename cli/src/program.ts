// The parser, made from the commands.
import { Argument, Command as Parser } from "commander";
import type { Command, Invocation, OptionValues } from "./command.ts";

/** Runs a command once its words are read. */
export type Runner = (run: NonNullable<Command["run"]>, call: Pick<Invocation, "args" | "rest" | "options">) => Promise<void>;

const indent = (text: string): string =>
  text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");

/** As wide as the rest of the help: a terminal breaks longer lines within words. */
const wrapped = (parser: Parser, text: string): string => parser.createHelp().boxWrap(text, parser.configureOutput().getOutHelpWidth?.() ?? 80);

const helpAfter = (parser: Parser, { notes, examples }: Command): string =>
  `${notes === undefined ? "" : `\n${wrapped(parser, notes)}\n`}\n${examples.length === 1 ? "Example" : "Examples"}:\n${indent(examples.join("\n"))}`;

const argumentOf = ({ name, summary, optional, many }: NonNullable<Command["arguments"]>[number]): Argument => {
  const text = many ? `${name}...` : name;
  return new Argument(optional ? `[${text}]` : `<${text}>`, summary);
};

const addCommand = (parent: Parser, command: Command, runner: Runner): void => {
  const parser = parent.command(command.name).description(command.summary);
  parser.addHelpText("after", () => helpAfter(parser, command));
  parser.allowExcessArguments(false).helpOption("-h, --help", "show this");
  for (const argument of command.arguments ?? []) parser.addArgument(argumentOf(argument));
  for (const { flags, summary } of command.options ?? []) parser.option(flags, summary);
  if (command.run) parser.option("--json", "print JSON");
  for (const inner of command.commands ?? []) addCommand(parser, inner, runner);
  const { run } = command;
  if (!run) return;
  parser.action(async (...given: unknown[]) => {
    const words = given.slice(0, command.arguments?.length ?? 0);
    const rest = words.find((word): word is string[] => Array.isArray(word)) ?? [];
    const args = words.map((word) => (typeof word === "string" ? word : undefined));
    await runner(run, { args, rest, options: parser.optsWithGlobals<OptionValues>() });
  });
};

const about = "Slipstream: one call from source to a live, isolated HTTPS app.";
const habits = `
Every command has --help with an example, and --json.
Exit codes: 0 done, 1 the deployment failed, 2 wrong use, 3 cancelled, 4 the platform cannot be reached.
Environment: SLIP_HOME, SLIP_HTTP_PORT, SLIP_HTTPS_PORT, DATABASE_URL, RESTATE_URL; SLIP_URL, SLIP_TOKEN, SLIP_CA for a platform elsewhere; NO_COLOR.

Example:
  slip deploy examples/node-hello`;

/** A parser that throws CommanderError in place of ending the process, and prints help to standard output. */
export const programOf = (commands: readonly Command[], version: string, runner: Runner): Parser => {
  const program: Parser = new Parser("slip")
    .description(about)
    .version(version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this")
    .helpCommand("help [command]", "show help of a command")
    .addHelpText("after", () => wrapped(program, habits))
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  for (const command of commands) addCommand(program, command, runner);
  return program;
};
