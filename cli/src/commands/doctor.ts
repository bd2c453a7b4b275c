import { SlipError } from "@slipstream/contract/errors.ts";
import type { Command, ExitCode, Invocation } from "../command.ts";
import { localOnly } from "../platform/local.ts";
import { jsonOf } from "../platform/programs.ts";

const checksIn = (answer: unknown): unknown => (typeof answer === "object" && answer !== null && "checks" in answer ? answer.checks : answer);

const run = async ({ environment, screen }: Invocation): Promise<ExitCode> => {
  localOnly(environment, "doctor");
  const [answer, { Check }] = await Promise.all([jsonOf(environment, "doctor"), import("@slipstream/contract/ports/host.ts")]);
  const parsed = Check.array().safeParse(checksIn(answer));
  if (!parsed.success) throw new SlipError("internal", "The examination of this machine gave no list of checks.");
  const checks = parsed.data;
  if (screen.json) screen.data({ checks });
  const { green, yellow, red, dim } = screen.colours;
  const marks = { ok: green("✓"), warning: yellow("!"), failed: red("✗") };
  if (!screen.json)
    for (const { name, state, detail, fix } of checks) {
      if (!screen.terminal) screen.print([name, state, detail, fix ?? ""].join("\t"));
      else screen.print(`${marks[state]} ${name.padEnd(18)} ${dim(detail)}${fix === undefined ? "" : `\n  fix: ${fix}`}`);
    }
  return checks.some(({ state }) => state === "failed") ? 1 : 0;
};

export const doctor: Command = {
  name: "doctor",
  summary: "Say what this machine can do and what is missing, each with the command that mends it.",
  notes: "The exit code is 1 when something that is needed is missing.",
  examples: ["slip doctor"],
  run,
};
