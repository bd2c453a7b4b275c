// The one place that turns an error into words and an exit code.
import { SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import { CommanderError } from "commander";
import type { ExitCode } from "./command.ts";
import type { Screen } from "./terminal/screen.ts";
import { safeText } from "./terminal/text.ts";

const helpOf = (command: string | undefined): string => `See 'slip ${command === undefined ? "" : `${command} `}--help'.`;

const usageOf = (error: CommanderError, command: string | undefined): SlipError => {
  const see = helpOf(command);
  if (error.code === "commander.help") return new SlipError("usage", "The command is not complete.", { next: see });
  const [said = "", hint] = error.message.replace(/^error: /, "").split("\n");
  const sentence = said.charAt(0).toUpperCase() + said.slice(1);
  return new SlipError("usage", `${safeText(sentence).slice(0, 300).replace(/\.$/, "")}.`, { next: hint ? `${hint.replace(/^\(|\)$/g, "")} ${see}` : see });
};

const knownOf = (error: unknown, command: string | undefined): SlipError => {
  if (error instanceof SlipError && error.code === "usage" && error.details.next === undefined)
    return new SlipError("usage", error.message, { ...error.details, next: helpOf(command) });
  if (error instanceof SlipError) return error;
  if (error instanceof CommanderError) return usageOf(error, command);
  if (error instanceof Error && error.name === "AbortError")
    return new SlipError("cancelled", "Cancelled; nothing was changed.", { next: "Run it again when you want to." });
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new SlipError("internal", `A defect: ${text.split("\n").slice(0, 4).join(" ").slice(0, 1_000)}`, { next: "Report it with the command that you ran." });
};

/** `command`: the words of the command whose help there is to see. Says what went wrong on standard error, and as JSON on standard output with --json. Gives the exit code. */
export const tell = (screen: Screen, error: unknown, command: string | undefined): ExitCode => {
  const known = knownOf(error, command);
  if (screen.json) screen.data(toErrorBody(known));
  const { bold, red } = screen.errorColours;
  const place = known.details.file === undefined ? "" : ` (${known.details.file}${known.details.line === undefined ? "" : `:${known.details.line}`})`;
  screen.note(`${red("error:")} ${bold(safeText(known.message + place))}`);
  for (const line of known.details.evidence ?? []) screen.note(`  │ ${safeText(line)}`);
  screen.note(`next: ${safeText(known.next)}`);
  return known.exit as ExitCode;
};
