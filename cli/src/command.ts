// What a command is, as data: the parser, the help, the completion and the reference page are made from it.
import type { Environment } from "./environment.ts";
import type { Session } from "./platform/session.ts";
import type { Screen } from "./terminal/screen.ts";

export interface Argument {
  /** As in help: "APP". */
  name: string;
  summary: string;
  optional?: boolean;
  /** Takes all words that are left. */
  many?: boolean;
}

export interface Option {
  /** As commander reads it: "-n, --lines <N>". */
  flags: string;
  summary: string;
}

/** Values of options by their long name in camel case; true for one without a value. */
export type OptionValues = Readonly<Record<string, string | true | undefined>>;

export interface Invocation {
  args: readonly (string | undefined)[];
  /** Words of the last argument when it takes many. */
  rest: readonly string[];
  options: OptionValues;
  environment: Environment;
  screen: Screen;
  session: Session;
  /** All commands, for those that speak of the others. */
  commands(): Promise<readonly Command[]>;
}

/** 0 done, 1 the deployment failed, 2 wrong use, 3 cancelled, 4 the platform cannot be reached. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

export interface Command {
  name: string;
  summary: string;
  arguments?: readonly Argument[];
  options?: readonly Option[];
  /** Lines that a user can type. */
  examples: readonly string[];
  /** More than a sentence, where one is needed. */
  notes?: string;
  /** Gives the exit code: one of those, or that of a program that it ran for the user. */
  run?(call: Invocation): Promise<number>;
  commands?: readonly Command[];
}

/** The first argument of a command that always has one. */
export const first = (call: Invocation): string => call.args[0] ?? "";
