// Commands as people write them, and as a sandbox runs them.
import type { Command } from "@slipstream/contract/config.ts";

/** Anything but plain words apart from blanks: quotes, variables, operators, patterns, a variable set in front. */
const shellSyntax = /[^A-Za-z0-9_@%+:,./\- \t]|^\s*[A-Za-z_][A-Za-z0-9_]*=/;
/** Words that make more than a simple command of what follows, or that only a shell knows, so that exec cannot run them. */
const ofShell = /^\s*(if|for|while|until|case|cd|exec|export|set|unset|source|\.|:|!|eval|exit|trap|ulimit|umask|command|type|wait|read|shift|alias)(?=\s|$)/;
const operators = /[;&|(){}<>`\n]/;
const assignments = /^\s*(?:[A-Za-z_][A-Za-z0-9_]*=(?:[^\s'"\\$]|\$\{?\w+\}?|"[^"\\]*"|'[^']*')*\s+)*/;

const isBalanced = (text: string): boolean => (text.split('"').length + text.split("'").length) % 2 === 0 && text.split('"').length % 2 === 1;

/**
 * Makes the last command of a line replace the shell, where it is plain which one that is: a shell that waits for its child
 * would keep the signal that asks the program to end.
 */
const replacingShell = (line: string): string => {
  const at = line.lastIndexOf("&&");
  const [before, last] = at < 0 ? ["", line] : [line.slice(0, at + 2), line.slice(at + 2)];
  if (!isBalanced(before) || !isBalanced(last) || operators.test(last) || ofShell.test(last) || /[|;&]\s*$|\|\||&(?!&)(?<!&&)/.test(before.slice(0, -2)))
    return line;
  const prefix = assignments.exec(last)?.[0] ?? "";
  return /^\s*([A-Za-z_]\w*=|$)/.test(last.slice(prefix.length)) ? line : `${before}${prefix}exec ${last.slice(prefix.length)}`;
};

/** The argument vector of a command: a line of plain words runs as it is, any other line is read by /bin/sh inside the sandbox. */
export const argumentsOf = (command: Command): string[] => {
  if (typeof command !== "string") return [...command];
  const line = command.trim();
  // An exec in front of plain words says what is done with them anyway.
  const words = line.replace(/^exec\s+(?=[^\s-])/, "");
  return shellSyntax.test(words) || ofShell.test(words) ? ["/bin/sh", "-c", replacingShell(line)] : words.split(/[ \t]+/);
};

/** Whether a command names a program, as a word of its own. */
export const names = (command: Command, program: string): boolean =>
  (typeof command === "string" ? command : command.join(" ")).split(/[^A-Za-z0-9_.@/-]+/).some((word) => word === program || word.endsWith(`/bin/${program}`));
