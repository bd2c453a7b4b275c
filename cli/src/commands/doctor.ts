import { SlipError } from "@slipstream/contract/errors.ts";
import type { Command, ExitCode, Invocation } from "../command.ts";
import { localOnly } from "../platform/local.ts";
import { jsonOf } from "../platform/programs.ts";

const checksIn = (answer: unknown): unknown => (typeof answer === "object" && answer !== null && "checks" in answer ? answer.checks : answer);

const examineMachine = async ({ environment, screen }: Invocation): Promise<ExitCode> => {
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

const run = async (call: Invocation): Promise<number> => {
  const { dryRun, plan, deep } = call.options;
  if ((dryRun || plan) && !deep)
    throw new SlipError("usage", `${plan ? "--plan" : "--dry-run"} goes with --deep.`, { next: `Say 'slip doctor --deep ${plan ? "--plan" : "--dry-run"}'.` });
  if (!deep) return examineMachine(call);
  const { change } = await import("../plan/change.ts");
  return change(call, "platform.audit", { mend: !dryRun });
};

export const doctor: Command = {
  name: "doctor",
  summary: "Say what this machine can do and what is missing, each with the command that mends it.",
  options: [
    { flags: "--deep", summary: "compare all that the platform should have with what is there, and mend what differs" },
    { flags: "--dry-run", summary: "with --deep: say what differs, and mend nothing" },
    { flags: "--plan", summary: "with --deep: show what it would mend, as a plan that 'slip apply' carries out while nothing else differs" },
  ],
  notes:
    "The exit code is 1 when something that is needed is missing. --deep compares the database with artifacts, instances, networks, control groups, mounts, processes, routes and files: what nothing owns is removed, what is missing is brought back, and what is damaged made anew; no release that is kept and nothing that runs is touched, but what uses damaged files is started again. What is under way is not judged. The exit code is 1 when something is left that could not be mended, with --dry-run when something was found.",
  examples: ["slip doctor", "slip doctor --deep", "slip doctor --deep --dry-run --json", "slip doctor --deep --plan"],
  run,
};
