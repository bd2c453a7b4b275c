// When a command line needs a shell, and when it does not.
import type { Command } from "@slipstream/contract/config.ts";

/** Anything but plain words apart from blanks: quotes, variables, operators, patterns, a variable set in front. */
const shellSyntax = /[^A-Za-z0-9_@%+:,./\- \t]|^\s*[A-Za-z_][A-Za-z0-9_]*=/;

/** The argument vector of a command: a line of plain words runs as it is, any other line is read by /bin/sh inside the sandbox. */
export const argumentsOf = (command: Command): string[] => {
  if (typeof command !== "string") return [...command];
  const line = command.trim();
  return shellSyntax.test(line) ? ["/bin/sh", "-c", line] : line.split(/[ \t]+/);
};
