// The end of a command that has one thing to say.
import type { ExitCode, Invocation } from "../../command.ts";

/** Data with --json, else a line; `isData` where the line is what was asked for. */
export const say = ({ screen }: Invocation, output: unknown, line: string, isData = true): ExitCode => {
  if (screen.json) screen.data(output);
  else if (isData) screen.print(line);
  else screen.note(line);
  return 0;
};

/** The same of what is asked for by every caller, and a note about it for people. */
export const sayWithNote = (call: Invocation, output: unknown, { line, note }: { line: string; note: string }): ExitCode => {
  const code = say(call, output, line);
  if (!call.screen.json) call.screen.note(note);
  return code;
};
