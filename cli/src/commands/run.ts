import { SlipError } from "@slipstream/contract/errors.ts";
import { type Command, first, type Invocation } from "../command.ts";
import { tell } from "../failure.ts";
import { change, isPlanned, planOption } from "../plan/change.ts";
import { textOf } from "./options.ts";

/** As env(1) says it. */
const notRunExit = 125;

const timeoutOf = async (text: string): Promise<number> => {
  const { Duration } = await import("@slipstream/contract/config.ts");
  const parsed = Duration.safeParse(text);
  if (!parsed.success) throw new SlipError("usage", `--timeout is "${text.slice(0, 40)}", which is not a duration.`, { next: 'Write "30s" or "5m".' });
  const { limit } = await import("@slipstream/contract/limits.ts");
  if (parsed.data > limit("runMs")) throw new SlipError("usage", `--timeout is "${text.slice(0, 40)}"; a command may take ${limit("runMs") / 60_000}m.`);
  return parsed.data;
};

/** One word with blanks is a line for the shell in the sandbox. */
const commandOf = ({ rest }: Invocation): string | string[] => (rest.length === 1 && /\s/.test(rest[0] ?? "") ? (rest[0] ?? "") : [...rest]);

const runOnce = async (call: Invocation, timeoutMs: number | undefined): Promise<number> => {
  const { limit } = await import("@slipstream/contract/limits.ts");
  const asked = { app: first(call), command: commandOf(call), lines: limit("runLines"), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  return change(call, "apps.run", asked);
};

const orNotRun = async (call: Invocation): Promise<number> => {
  const timeout = textOf(call.options, "timeout");
  const timeoutMs = timeout === undefined ? undefined : await timeoutOf(timeout);
  // A plan ends as every plan does: its exit code is of no command.
  if (isPlanned(call)) return runOnce(call, timeoutMs);
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
  options: [{ flags: "--timeout <TIME>", summary: 'end it after this time, such as "30s" or "5m" (1m; at most 5m)' }, planOption],
  notes:
    "Ends with the exit code of the command: 124 when its time was over, 125 when it could not be run, 2 for wrong use.\n" +
    "It runs beside the instances, in a sandbox of its own. Its lines come when it has ended, and are in 'slip logs' too. Ctrl-C ends it.",
  examples: ["slip run shop -- node migrate.js", "slip run shop 'env | sort'", "slip run shop --timeout 5m --json -- python3 manage.py migrate"],
  run: orNotRun,
};
