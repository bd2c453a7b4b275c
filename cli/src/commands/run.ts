import { SlipError } from "@slipstream/contract/errors.ts";
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import { type Command, first, type Invocation } from "../command.ts";
import { tell } from "../failure.ts";
import { safeText } from "../terminal/text.ts";
import { tookText } from "../terminal/time.ts";
import { textOf } from "./options.ts";

/** As timeout(1) and env(1) say it. */
const timedOutExit = 124;
const notRunExit = 125;

const timeoutOf = async (text: string): Promise<number> => {
  const { Duration } = await import("@slipstream/contract/config.ts");
  const parsed = Duration.safeParse(text);
  if (!parsed.success) throw new SlipError("usage", `--timeout is "${text.slice(0, 40)}", which is not a duration.`, { next: 'Write "30s" or "5m".' });
  return parsed.data;
};

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

/** One word with blanks is a line for the shell in the sandbox. */
const commandOf = ({ rest }: Invocation): string | string[] => (rest.length === 1 && /\s/.test(rest[0] ?? "") ? (rest[0] ?? "") : [...rest]);

const runOnce = async (call: Invocation, timeoutMs: number | undefined): Promise<number> => {
  const { limit } = await import("@slipstream/contract/limits.ts");
  const asked = { app: first(call), command: commandOf(call), lines: limit("runLines"), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const ran = await call.session.call("apps.run", asked);
  if (call.screen.json) call.screen.data(ran);
  else show(call, ran);
  return ran.timedOut ? timedOutExit : ran.exitCode;
};

const orNotRun = async (call: Invocation): Promise<number> => {
  const timeout = textOf(call.options, "timeout");
  const timeoutMs = timeout === undefined ? undefined : await timeoutOf(timeout);
  try {
    return await runOnce(call, timeoutMs);
  } catch (error) {
    tell(call.screen, error, "run");
    return notRunExit;
  }
};

export const run: Command = {
  name: "run",
  summary: "Run a command once in the live release of an app, with its variables and secrets.",
  arguments: [
    { name: "APP", summary: "name of the app" },
    { name: "COMMAND", summary: "the command and its words, behind --; one word with blanks is a line for /bin/sh", many: true },
  ],
  options: [{ flags: "--timeout <TIME>", summary: 'end it after this time, such as "30s" or "5m" (1m; at most 5m)' }],
  notes:
    "Ends with the exit code of the command: 124 when its time was over, 125 when it could not be run, 2 for wrong use.\n" +
    "It runs beside the instances, in a sandbox of its own. Its lines come when it has ended, and are in 'slip logs' too. Ctrl-C ends it.",
  examples: ["slip run shop -- node migrate.js", "slip run shop 'ls -l | head'", "slip run shop --timeout 5m --json -- python3 manage.py migrate"],
  run: orNotRun,
};
