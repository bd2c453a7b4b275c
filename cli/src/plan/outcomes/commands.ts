// What came of a command that ran once in an app.
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Invocation } from "../../command.ts";
import { safeText } from "../../terminal/text.ts";
import { tookText } from "../../terminal/time.ts";

/** As timeout(1) says it. */
const timedOutExit = 124;

type Ran = OutputOf<"apps.run">;

const show = ({ screen }: Invocation, { lines, omitted, app, timedOut, outOfMemory, ms }: Ran): void => {
  if (omitted > 0) screen.note(`${omitted} earlier lines: see 'slip logs ${app}'.`);
  for (const { stream, text } of lines)
    if (stream === "stdout") screen.print(screen.terminal ? safeText(text) : text);
    else screen.note(screen.errorTerminal ? safeText(text) : text);
  if (timedOut) screen.note(`${screen.errorColours.red("error:")} The command was ended after ${tookText(ms)}.\nnext: Give it more time with --timeout.`);
  if (outOfMemory)
    screen.note(`${screen.errorColours.red("error:")} The command needed more memory than an instance has.\nnext: Raise [run] memory in slip.toml.`);
};

/** Gives the exit code of the command. */
export const endOfCommand = (call: Invocation, ran: Ran): number => {
  if (call.screen.json) call.screen.data(ran);
  else show(call, ran);
  return ran.timedOut ? timedOutExit : ran.exitCode;
};
